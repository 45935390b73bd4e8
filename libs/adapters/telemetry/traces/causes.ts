import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Context,
  type Link,
} from '@opentelemetry/api';
import type { Cause, Causes } from '@fairlead/ports/steps';
import { bearsFruit } from './fruit.ts';

/** A cause, seen from inside: the step goes on in `parent`'s trace and names the others. */
interface TraceCause {
  readonly parent: Context;
  readonly links: readonly Link[];
}

/** What a step was caused by: what is handled now, unless a cause was taken. */
export function causeOf(given: Cause | undefined): TraceCause {
  return given === undefined ? { parent: context.active(), links: [] } : (given.cause as TraceCause);
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
      // What causes a step has come to something.
      bearsFruit(active);
      if (waiting.size <= mostLinks) waiting.set(`${span.traceId}/${span.spanId}`, active);
    },
    take() {
      const [first, ...others] = waiting.values();
      waiting.clear();
      return { cause: { parent: first ?? ROOT_CONTEXT, links: others.flatMap(linkTo) } satisfies TraceCause };
    },
  };
}

function linkTo(cause: Context): Link[] {
  const span = trace.getSpanContext(cause);
  return span ? [{ context: span }] : [];
}
