export { connectionOf, defaultSilence, type ConnectionNow, type Heard, type SilencePolicy } from './connection.ts';
export { silenceOf } from './silence.ts';
