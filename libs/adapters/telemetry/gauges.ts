import { metrics, type Attributes } from '@opentelemetry/api';
import type { Counts } from '@fairlead/ports/store';
import { scope } from './instruments.ts';

/** What a process can say of its state; each is asked at a scrape, and what a role does not know it leaves out. */
export interface Observed {
  /** Counts over the whole fleet: given by the planner role alone, so that no two say the same. */
  readonly counts?: () => Promise<Counts>;
  /** Units by the state that was decided last. */
  readonly rollouts?: () => Readonly<Record<string, number>>;
  /** Units that were looked at since the start. */
  readonly planned?: () => number;
  readonly leading?: () => boolean;
  readonly loops?: () => readonly { readonly name: string; readonly state: string; readonly waitedMs: number }[];
  readonly outbox?: () => { readonly messages: number; readonly ageMs: number };
}

type Reading = readonly (readonly [value: number, labels?: Attributes])[];

/** Shows the state of a process as gauges of the telemetry that runs now. A source that fails leaves its gauge out. */
export function observeState(observed: Observed): void {
  const meter = metrics.getMeter(scope);
  const gauge = (name: string, unit: string, read: (() => Reading | Promise<Reading>) | undefined): void => {
    if (read === undefined) return;
    meter.createObservableGauge(name, { unit, description: descriptions[name] ?? '' }).addCallback(async (result) => {
      for (const [value, labels] of await read()) result.observe(value, labels ?? {});
    });
  };
  const { counts, rollouts, planned, leading, loops, outbox } = observed;
  gauge('fairlead.clusters', '{cluster}', counts && (async () => clustersOf(await counts())));
  gauge('fairlead.applications', '{application}', counts && (async () => applicationsOf(await counts())));
  gauge('fairlead.rollouts', '{unit}', rollouts && (() => byWord(rollouts(), 'fairlead.state')));
  gauge('fairlead.leader', '{leader}', leading && (() => [[Number(leading())]]));
  gauge('fairlead.outbox.messages', '{message}', outbox && (() => [[outbox().messages]]));
  gauge('fairlead.outbox.age', 's', outbox && (() => [[outbox().ageMs / 1000]]));
  gauge(
    'fairlead.loop.stalled',
    '{loop}',
    loops &&
      (() => loops().map(({ name, state }) => [Number(state === 'Stalled'), { 'fairlead.loop': name }] as const)),
  );
  gauge(
    'fairlead.loop.waited',
    's',
    loops && (() => loops().map(({ name, waitedMs }) => [waitedMs / 1000, { 'fairlead.loop': name }] as const)),
  );
  if (planned)
    meter
      .createObservableCounter('fairlead.planner.units', { unit: '{unit}', description: 'Units that passes looked at' })
      .addCallback((result) => result.observe(planned()));
}

const descriptions: Readonly<Record<string, string>> = {
  'fairlead.clusters': 'Members by connection',
  'fairlead.applications': 'Applications on clusters by sync, health and drift',
  'fairlead.rollouts': 'Units by the state that was decided last',
  'fairlead.leader': '1 at the planner that leads',
  'fairlead.outbox.messages': 'Doorbells that wait for the bus; 100 stands for 100 or more',
  'fairlead.outbox.age': 'For how long the oldest doorbell has been waiting',
  'fairlead.loop.stalled': '1 for a loop that has work and finishes nothing',
  'fairlead.loop.waited': 'For how long a loop has had work and finished nothing',
};

function clustersOf({ clusters, connected }: Counts): Reading {
  return [
    [connected, { 'fairlead.connection': 'Connected' }],
    [clusters - connected, { 'fairlead.connection': 'Disconnected' }],
  ];
}

function applicationsOf({ sync, health, drift }: Counts): Reading {
  return Object.entries({ sync, health, drift }).flatMap(([aspect, words]) =>
    byWord(words, 'fairlead.state', { 'fairlead.aspect': aspect }),
  );
}

function byWord(words: Readonly<Record<string, number>>, label: string, more: Attributes = {}): Reading {
  return Object.entries(words).map(([word, count]) => [count, { ...more, [label]: word }] as const);
}
