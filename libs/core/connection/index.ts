export { connectionOf, defaultSilence, type ConnectionNow, type Heard, type SilencePolicy } from './connection.ts';
