import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';

/** The trace that goes on here, as a message carries it; undefined where nothing is recorded. */
export function traceparentNow(): string | undefined {
  const active = context.active();
  const span = trace.getSpanContext(active);
  if (!span || (span.traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  return carrier['traceparent'];
}

/** Runs in the trace that a message carried, and in none where it carried none: never in that of whoever calls. */
export function inTraceOf<T>(traceparent: unknown, run: () => T): T {
  const carried = typeof traceparent === 'string' ? propagation.extract(ROOT_CONTEXT, { traceparent }) : ROOT_CONTEXT;
  return context.with(carried, run);
}

/** Runs in no trace: for loops that are started while something else is handled. */
export function outsideOfTraces<T>(run: () => T): T {
  return context.with(ROOT_CONTEXT, run);
}
