import { metrics, type MeterProvider } from '@opentelemetry/api';

/** The scope that all spans and instruments of Fairlead are made under. */
export const scope = 'fairlead';

/** Seconds, from a call inside the process to a rollout over hours. */
const secondsFine = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const secondsWide = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

const made = new WeakMap<MeterProvider, Instruments>();

/** What is counted and timed while something happens. Costs nothing as long as no telemetry was started. */
export type Instruments = ReturnType<typeof make>;

/** The instruments of the telemetry that runs now. */
export function instruments(): Instruments {
  const provider = metrics.getMeterProvider();
  let found = made.get(provider);
  if (!found) made.set(provider, (found = make(provider)));
  return found;
}

function make(provider: MeterProvider) {
  const meter = provider.getMeter(scope);
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries } });
  return {
    stepDuration: seconds(
      'fairlead.step.duration',
      'Steps of the hub: checks, fetches, passes, renders, pushes',
      secondsWide,
    ),
    renderRequests: meter.createCounter('fairlead.render.requests', {
      unit: '{request}',
      description: 'Bundles asked for; those beyond the renders were found rendered',
    }),
    storeDuration: seconds(
      'db.client.operation.duration',
      'Calls of the store, the wait for a batch included',
      secondsFine,
    ),
    storeWaiting: meter.createUpDownCounter('fairlead.store.waiting', {
      unit: '{call}',
      description: 'Calls of the store that have no answer yet',
    }),
    busSent: meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Doorbells rung',
    }),
    busDuration: seconds('messaging.process.duration', 'Handling of one doorbell', secondsFine),
    busLost: meter.createCounter('fairlead.bus.lost', {
      unit: '{event}',
      description: 'Times that a subscriber looked at the store anew because doorbells may be missing',
    }),
    agentsConnected: meter.createUpDownCounter('fairlead.agents.connected', {
      unit: '{agent}',
      description: 'Open streams of agents at this instance',
    }),
    agentMessages: meter.createCounter('fairlead.agent.messages', {
      unit: '{message}',
      description: 'Messages of agents by type and direction',
    }),
    agentBytes: meter.createCounter('fairlead.agent.io', {
      unit: 'By',
      description: 'Bytes of agents’ messages by direction, before TLS',
    }),
    deliveryDuration: seconds(
      'fairlead.delivery.duration',
      'From the hub sending a desired state to the cluster having received it, and having applied it',
      secondsWide,
    ),
    receiptDuration: seconds(
      'fairlead.commit.receipt.duration',
      'From an attempt given out first to a cluster having applied it; waves and soaks included',
      secondsWide,
    ),
    httpDuration: seconds('http.server.request.duration', 'Calls of the API by route', secondsFine),
  } as const;
}
