import { FairleadError } from '@fairlead/core/model';
import type { Bus, Payload, Subject } from '@fairlead/ports/bus';
import { inTraceOf, traceparentNow } from '../traces/carrier.ts';
import { instruments } from '../instruments.ts';
import { bearsFruit } from '../traces/fruit.ts';

/** The buses by name. */
export type BusSystem = 'in_process' | 'nats';

/**
 * The same bus: doorbells counted, their handling timed, and each handled in the trace in which it was rung. A handling
 * that failed is one that comes again.
 */
export function measuredBus(bus: Bus, options: { readonly system: BusSystem }): Bus {
  const labelsOf = (subject: Subject) => ({
    'messaging.system': options.system,
    'messaging.destination.name': subject,
  });
  return {
    async publish(subject, payload) {
      bearsFruit();
      instruments().busSent.add(1, { ...labelsOf(subject), 'messaging.operation.name': 'publish' });
      await bus.publish(subject, withTrace(payload));
    },
    subscribe(subject, handler, { lost } = {}) {
      const labels = { ...labelsOf(subject), 'messaging.operation.name': 'process' };
      return bus.subscribe(
        subject,
        (payload) => timed(labels, () => inTraceOf(payload.traceparent, () => handler(payload))),
        {
          lost() {
            instruments().busLost.add(1, labelsOf(subject));
            inTraceOf(undefined, () => lost?.());
          },
        },
      );
    },
    ask: (name, question, within) => {
      const labels = { 'messaging.system': options.system, 'messaging.destination.name': 'ask' };
      return timed({ ...labels, 'messaging.operation.name': 'ask' }, () => bus.ask(name, question, within));
    },
    // What asks of an agent is no part of the trace in which it came to be served.
    serve: (name, handler) => bus.serve(name, (question) => inTraceOf(undefined, () => handler(question))),
    onRecovered: (callback) => bus.onRecovered(() => inTraceOf(undefined, callback)),
    close: () => bus.close(),
  };
}

/** A message that came out of the outbox says already what it belongs to. */
function withTrace<S extends Subject>(payload: Payload<S>): Payload<S> {
  const traceparent = payload.traceparent ?? traceparentNow();
  return traceparent === undefined ? payload : { ...payload, traceparent };
}

async function timed<Result>(
  labels: Readonly<Record<string, string>>,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  const startedMs = performance.now();
  let failure = {};
  try {
    return await run();
  } catch (thrown) {
    failure = { 'error.type': thrown instanceof FairleadError ? thrown.reason : 'InternalError' };
    throw thrown;
  } finally {
    instruments().busDuration.record((performance.now() - startedMs) / 1000, { ...labels, ...failure });
  }
}
