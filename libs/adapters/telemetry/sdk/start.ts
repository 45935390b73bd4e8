import type { FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { Tracing } from './tracing.ts';
import type { Metering } from './metering.ts';

/** Who tells, and to whom. */
export interface TelemetryOptions {
  /** By the semantic conventions, such as `fairlead-gateway`. */
  readonly service: string;
  readonly version: string;
  /** One name for each process of a service. */
  readonly instance: string;
  /** Traces go here, by OTLP over HTTP; none are made without it. */
  readonly otlp?: OtlpTarget;
  /** Whether metrics are kept for a scrape. */
  readonly metrics: boolean;
  readonly clock: Clock;
  /** Hears that traces cannot be handed over: each new trouble once. */
  readonly onProblem: (problem: FairleadError) => void;
}

/** Where traces go. */
export interface OtlpTarget {
  /** Such as `http://collector:4318`; a path other than `/` is taken as it is. Holds no credentials. */
  readonly url: string;
  /** Share of new traces that are kept, 0 to 1; all unless told. A trace that is kept is kept in every role. */
  readonly ratio?: number;
}

/** Telemetry that runs, or none. */
export interface Telemetry {
  /** All metrics as Prometheus reads them; empty where none are kept. */
  metricsText(): Promise<string>;
  /** Hands over what waits. Resolves in any case, after {@link flushWithinMs} at the latest. */
  close(): Promise<void>;
}

/** How long the end of a process waits for its last traces. */
export const flushWithinMs = 3_000;

const off: Telemetry = { metricsText: async () => '', close: async () => undefined };

/**
 * Starts traces and metrics for this process: one of it at a time. What is not asked for is not loaded. Throws
 * InvalidInput for an address that is none.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { otlp, metrics, clock } = options;
  if (otlp === undefined && !metrics) return off;
  const tracing: Tracing | undefined = otlp && (await (await import('./tracing.ts')).startTracing(options, otlp));
  const metering: Metering | undefined = metrics ? (await import('./metering.ts')).startMetering(options) : undefined;
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    const slow = Promise.withResolvers<void>();
    const cancel = clock.after(flushWithinMs, slow.resolve);
    await Promise.race([Promise.allSettled([tracing?.close(), metering?.close()]), slow.promise]);
    cancel();
  };
  return {
    metricsText: async () => (await metering?.text()) ?? '',
    close: () => (closing ??= closeAll()),
  };
}
