export { decodeSpans, type ReceivedSpan } from './decode.ts';
export { startOtlpReceiver, type OtlpReceiver } from './receiver.ts';
export { startRecording, type RecordedSpan, type Recording } from './record.ts';
