export { openLog, type LogOptions } from './log.ts';
export { serveProbes, type ProbeParts, type ProbeServer, type ReadyCheck } from './server.ts';
export { startTelemetry, type OtlpTarget, type Telemetry, type TelemetryOptions } from './start.ts';
