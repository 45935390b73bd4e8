export {
  connectionOf,
  defaultSilence,
  withoutGap,
  type ConnectionNow,
  type Gap,
  type Heard,
  type SilencePolicy,
} from './connection.ts';
export { silenceOf } from './silence.ts';
