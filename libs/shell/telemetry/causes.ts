import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Context,
  type Link,
} from '@opentelemetry/api';

/** What a step was caused by: it goes on in `parent`'s trace and names the others. */
export interface Cause {
  readonly parent: Context;
  readonly links: readonly Link[];
}

/** Traces of the events that wait for one step. */
export interface Causes {
  /** Takes down the trace of the event that is handled now, if there is one. */
  add(): void;
  /** Everything since the last time. */
  take(): Cause;
}

/** How many traces besides the first a step names; those of further events are not told. */
const mostLinks = 16;

/** Gathers traces for a loop in which many events become one step. Events of one span count once. */
export function gatherCauses(): Causes {
  const waiting = new Map<string, Context>();
  return {
    add() {
      const active = context.active();
      const span = trace.getSpanContext(active);
      if (!span || !isSpanContextValid(span) || (span.traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (waiting.size <= mostLinks) waiting.set(`${span.traceId}/${span.spanId}`, active);
    },
    take() {
      const [first, ...others] = waiting.values();
      waiting.clear();
      return { parent: first ?? ROOT_CONTEXT, links: others.flatMap(linkTo) };
    },
  };
}

function linkTo(cause: Context): Link[] {
  const span = trace.getSpanContext(cause);
  return span ? [{ context: span }] : [];
}
