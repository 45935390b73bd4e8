import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from '@fairlead/testkit/kube';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { isApplyIn, type Call } from '../engine/calls.ts';
import { nameOf, objectsOf } from '../engine/objects.ts';
import { rawPatchMs } from '../engine/rounds.ts';
import { agentUserAgent, setEngineStage, type EngineStage } from '../engine/stage.ts';
import { median, percentile, type Figure } from '../figure.ts';

const ceilings = { p50Ms: 100, p99Ms: 1_000, busyP99Ms: 2_000 } as const;
/** Trials in a round: 200 in ten. */
const each = 20;
const quietMs = 1_500;
/** Objects of another application that is applied meanwhile, for each one that is kept. */
const timesBulk = 10;
const namespace = 'kept';
const application = `bench/${namespace}`;

/** Another hand, and the agent that puts right what it did. */
export const drift: Bench = {
  name: 'drift',
  of: 'objects',
  rounds: 10,
  variants: [usual],
  summary:
    'an object is deleted, or edited, by turns: from that request to the end of the agent’s answer to it, by the audit ' +
    `log; while nothing else happens, and while ${timesBulk} times as many objects of another application are applied`,
  async *run(options) {
    // What is kept is what is measured; ten thousand of them would say nothing else.
    for (const objects of options.sizes.slice(0, 1)) yield* await measure(options, objects);
  },
};

async function measure(options: BenchOptions, objects: number): Promise<Figure[]> {
  const stage = await setEngineStage(options);
  try {
    await stage.hub.give({
      [application]: { namespace, objects: objectsOf({ shape: 'mixed', count: objects, revision: 1 }) },
    });
    await stage.hub.untilDone(application);
    await pause(quietMs);
    const idleMs: number[] = [];
    for (let trial = 0; trial < options.rounds * each; trial += 1)
      idleMs.push(await correction(stage, { trial, objects }));
    options.tell(`${objects}: ${idleMs.length} corrections while idle, p50 ${percentile(idleMs, 0.5).toFixed(0)} ms`);
    const rawMs = await rawPatchMs(stage, { count: options.rounds * each });
    const busyMs = await whileApplying(stage, { objects, from: idleMs.length });
    return figuresOf({ objects, idleMs, busyMs, rawMs });
  } finally {
    await stage.stop();
  }
}

/** One object is disturbed; ms until it is as it should be. */
async function correction(
  stage: EngineStage,
  { trial, objects }: { readonly trial: number; readonly objects: number },
): Promise<number> {
  const { plane, calls } = stage;
  // Spread over all of them: whoever is put right again and again is left to whom it fights with.
  const number = (trial * 7) % objects;
  const name = nameOf(number);
  await calls.forget();
  await disturb(plane.api, { path: pathOf(number), isDeleted: trial % 2 === 0 });
  const isApply = isApplyIn(namespace, agentUserAgent);
  const made = await calls.untilHeard(1, (call) => isApply(call) && call.name === name);
  const all = await calls.heard();
  const disturbed = all.find((call) => call.name === name && !isOfAgent(call));
  const corrected = made[0];
  if (!disturbed || !corrected || corrected.code >= 300) throw new Error(`${name} was not put right`);
  return corrected.endedMs - disturbed.beganMs;
}

function pathOf(number: number): string {
  return number % 10 === 9
    ? `/apis/apps/v1/namespaces/${namespace}/deployments/${nameOf(number)}`
    : `/api/v1/namespaces/${namespace}/configmaps/${nameOf(number)}`;
}

async function disturb(
  api: ApiClient,
  { path, isDeleted }: { readonly path: string; readonly isDeleted: boolean },
): Promise<void> {
  const change = path.includes('deployments')
    ? { spec: { replicas: 7 } }
    : { data: { 'settings.properties': 'other' } };
  if (isDeleted) await api.delete(path);
  else await api.merge(`${path}?fieldManager=another-hand`, change);
}

function isOfAgent({ by }: Call): boolean {
  return by.startsWith(agentUserAgent);
}

async function whileApplying(
  stage: EngineStage,
  { objects, from }: { readonly objects: number; readonly from: number },
): Promise<number[]> {
  const bulk = 'bench/bulk';
  const count = objects * timesBulk;
  await stage.hub.give({
    [bulk]: { namespace: 'bulk', objects: objectsOf({ shape: 'configMaps', count, revision: 1 }) },
  });
  const isBulk = isApplyIn('bulk', agentUserAgent);
  await stage.calls.forget();
  await stage.calls.untilHeard(1, isBulk);
  const over = new AbortController();
  const done = stage.hub.untilDone(bulk).then(() => over.abort());
  const tookMs: number[] = [];
  for (let trial = from; !over.signal.aborted && trial < from + objects; trial += 1)
    tookMs.push(await correction(stage, { trial, objects }));
  await done;
  return tookMs;
}

function figuresOf(by: {
  readonly objects: number;
  readonly idleMs: readonly number[];
  readonly busyMs: readonly number[];
  readonly rawMs: readonly number[];
}): Figure[] {
  const { objects, idleMs, busyMs, rawMs } = by;
  const spread = (values: readonly number[]) => ({
    objects,
    n: values.length,
    p50: percentile(values, 0.5),
    p99: percentile(values, 0.99),
  });
  const peer = { name: 'one PATCH of the raw client', value: median(rawMs) };
  return [
    {
      name: 'drift',
      ...spread(idleMs),
      value: percentile(idleMs, 0.5),
      unit: 'ms (p50)',
      ceiling: ceilings.p50Ms,
      peer,
    },
    {
      name: 'drift.worst',
      ...spread(idleMs),
      value: percentile(idleMs, 0.99),
      unit: 'ms (p99)',
      ceiling: ceilings.p99Ms,
    },
    {
      name: 'drift.busy',
      ...spread(busyMs),
      value: percentile(busyMs, 0.99),
      unit: 'ms (p99)',
      ceiling: ceilings.busyP99Ms,
      details: { objectsAppliedMeanwhile: objects * timesBulk },
    },
  ];
}
