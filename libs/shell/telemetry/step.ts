import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { asFairleadError } from '@fairlead/core/model';
import type { Cause } from './causes.ts';
import { instruments, scope } from './instruments.ts';

/** What a step may say of itself while it runs. */
export interface Step {
  /** Never a secret, never a name that a person would not find in the status API. */
  note(attributes: Attributes): void;
  /** There was nothing to do: the step is counted, and no span of it is kept. */
  nothing(): void;
}

/** Options of {@link step}. */
export interface StepOptions {
  /** Who caused it; the trace that is active, unless given. */
  readonly cause?: Cause;
  readonly attributes?: Attributes;
}

/**
 * Runs one step of the hub: timed by its name, which is one of a few, and told as a span of the trace that caused it. A
 * step that nothing caused begins a trace. What it throws is thrown.
 */
export async function step<T>(name: string, run: (step: Step) => Promise<T>, options: StepOptions = {}): Promise<T> {
  const { cause = { parent: context.active(), links: [] }, attributes = {} } = options;
  const startedMs = performance.now();
  const span = trace
    .getTracer(scope)
    .startSpan(name, { kind: SpanKind.INTERNAL, attributes, links: [...cause.links] }, cause.parent);
  let isIdle = false;
  let failure: Attributes = {};
  try {
    const inside: Step = {
      note: (more) => void span.setAttributes(more),
      nothing: () => void (isIdle = true),
    };
    return await context.with(trace.setSpan(cause.parent, span), () => run(inside));
  } catch (thrown) {
    isIdle = false;
    failure = failed(span, thrown);
    throw thrown;
  } finally {
    instruments().stepDuration.record((performance.now() - startedMs) / 1000, { 'fairlead.step': name, ...failure });
    // A span that is not ended is never exported.
    if (!isIdle) span.end();
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
