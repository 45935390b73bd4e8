import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { asFairleadError } from '@fairlead/core/model';
import type { Steps, StepOptions } from '@fairlead/ports/steps';
import { causeOf, gatherCauses } from './causes.ts';
import { bearsFruit, outcomeKey, type Outcome } from './fruit.ts';
import { instruments, scope } from '../instruments.ts';

/**
 * Runs one step of the hub: timed by its name, which is one of a few, and told as a span of the trace that caused it. A
 * step that nothing caused begins a trace. What it throws is thrown.
 */
export async function step<T>(name: string, run: () => Promise<T>, options: StepOptions = {}): Promise<T> {
  const { attributes = {}, quiet = false } = options;
  const { parent, links } = causeOf(options.cause);
  const startedMs = performance.now();
  const span = trace
    .getTracer(scope)
    .startSpan(name, { kind: SpanKind.INTERNAL, attributes, links: [...links] }, parent);
  const outcome: Outcome = { isFruitful: !quiet };
  const inside = trace.setSpan(parent.setValue(outcomeKey, outcome), span);
  let failure: Attributes = {};
  try {
    return await context.with(inside, run);
  } catch (thrown) {
    outcome.isFruitful = true;
    failure = failed(span, thrown);
    throw thrown;
  } finally {
    instruments().stepDuration.record((performance.now() - startedMs) / 1000, { 'fairlead.step': name, ...failure });
    // A span that is not ended is never exported.
    if (outcome.isFruitful) {
      bearsFruit(parent);
      span.end();
    }
  }
}

/** Marks the span, and says under what the failure counts. Words that are not ours stay out. */
export function failed(span: Span, thrown: unknown): Attributes {
  const { code, reason, message } = asFairleadError(thrown);
  const type = { 'error.type': reason };
  span.setAttributes(type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: code === 'Internal' ? reason : message });
  return type;
}

/** Steps as traces and durations, once telemetry was started. */
export const tracedSteps: Steps = { run: step, gather: gatherCauses };
