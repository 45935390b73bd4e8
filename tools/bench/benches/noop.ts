import { setTimeout as pause } from 'node:timers/promises';
import { usageOf } from '@fairlead/testkit/simulator';
import type { KubeObject } from '@fairlead/core/model';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import type { Call } from '../engine/calls.ts';
import { configMap, nameOf, objectsOf } from '../engine/objects.ts';
import { rawPatchMs } from '../engine/rounds.ts';
import { agentUserAgent, setEngineStage, type EngineStage } from '../engine/stage.ts';
import { median, percentile, type Figure } from '../figure.ts';

const ceilings = { cpuMs: 50, secretWrites: 3, writtenMs: 100 } as const;
/** No-op passes, and changes of one object, in a round. */
const each = 5;
/** A pass is over long before, and what follows it too. */
const quietMs = 1_500;
const namespace = 'quiet';
const application = `bench/${namespace}`;

/** An agent that has nothing to do, or next to nothing. */
export const noop: Bench = {
  name: 'noop',
  of: 'objects',
  rounds: 5,
  variants: [usual],
  summary:
    'a pass over ConfigMaps of 2 KB in which nothing differs: API calls (none), and CPU time of the agent; and one of ' +
    'them changed: writes to objects and to the agent’s Secrets, and the time from the hub’s word to the answer of the API server',
  async *run(options) {
    for (const objects of options.sizes) yield* await measure(options, objects);
  },
};

async function measure(options: BenchOptions, objects: number): Promise<Figure[]> {
  const stage = await setEngineStage(options);
  try {
    const all = objectsOf({ shape: 'configMaps', count: objects, revision: 1 });
    await stage.hub.give({ [application]: { namespace, objects: all } });
    await stage.hub.untilDone(application);
    await stage.calls.untilQuiet(quietMs);
    const passes = await nothingChanged(stage, options.rounds * each);
    const changes: Change[] = [];
    for (let change = 1; change <= options.rounds * each; change += 1) {
      const number = (change * 7) % objects;
      all[number] = configMap(number, 1 + change);
      changes.push(await oneChanged(stage, { all, name: nameOf(number) }));
    }
    return figuresOf({ objects, passes, changes, rawMs: await rawPatchMs(stage, { count: options.rounds * each }) });
  } finally {
    await stage.stop();
  }
}

interface Passes {
  readonly passes: number;
  /** Of the agent, but for its look at the policy that set off the pass. */
  readonly calls: readonly Call[];
  readonly cpuMs: number;
}

/** The owner's policy is written anew, with nothing new in it that matters: every loop looks again. */
async function nothingChanged({ plane, agent, calls }: EngineStage, passes: number): Promise<Passes> {
  const policy = '/api/v1/namespaces/fairlead-system/configmaps/fairlead-policy';
  await calls.forget();
  const before = await usageOf(agent.pid);
  const isLook = (call: Call): boolean => isOfAgent(call) && call.verb === 'get' && call.name === 'fairlead-policy';
  for (let pass = 1; pass <= passes; pass += 1) {
    await plane.api.merge(policy, { data: { denyKinds: `Nothing${pass}` } });
    await calls.untilHeard(pass, isLook);
    await pause(quietMs / 10);
  }
  const after = await usageOf(agent.pid);
  const made = (await calls.heard()).filter((call) => isOfAgent(call) && !isLook(call));
  return { passes, calls: made, cpuMs: (after?.cpuMs ?? Number.NaN) - (before?.cpuMs ?? Number.NaN) };
}

interface Change {
  readonly objectWrites: number;
  readonly secretWrites: number;
  readonly writtenMs: number;
}

async function oneChanged(
  { hub, calls }: EngineStage,
  { all, name }: { readonly all: readonly KubeObject[]; readonly name: string },
): Promise<Change> {
  await calls.forget();
  const sentMs = await hub.give({ [application]: { namespace, objects: all } });
  await hub.untilDone(application);
  await calls.untilQuiet(quietMs);
  const made = (await calls.heard()).filter((call) => isOfAgent(call) && call.verb !== 'get' && call.verb !== 'delete');
  const written = made.filter((call) => call.namespace === namespace);
  return {
    objectWrites: written.length,
    secretWrites: made.filter(({ resource }) => resource === 'secrets').length,
    writtenMs: (written.find((call) => call.name === name)?.endedMs ?? Number.NaN) - sentMs,
  };
}

function isOfAgent({ by }: Call): boolean {
  return by.startsWith(agentUserAgent);
}

function figuresOf(by: {
  readonly objects: number;
  readonly passes: Passes;
  readonly changes: readonly Change[];
  readonly rawMs: readonly number[];
}): Figure[] {
  const { objects, passes, changes, rawMs } = by;
  const most = (of: (change: Change) => number): number => Math.max(...changes.map(of));
  const made = passes.calls.map(({ verb, resource, name }) => `${verb} ${resource}/${name}`);
  const writtenMs = changes.map((change) => change.writtenMs);
  const count = { objects, n: changes.length };
  return [
    {
      name: 'noop.calls',
      objects,
      value: passes.calls.length,
      unit: 'API calls',
      ceiling: 0,
      n: passes.passes,
      // Named where there are any: a call too many is looked for by its name.
      ...(made.length > 0 && { details: { calls: made.join(', ') } }),
    },
    {
      name: 'noop.cpu',
      objects,
      value: (passes.cpuMs / passes.passes / objects) * 1000,
      unit: 'ms of CPU per pass and 1,000 objects',
      ceiling: ceilings.cpuMs,
      n: passes.passes,
    },
    {
      name: 'noop.changed',
      ...count,
      value: most((change) => change.objectWrites),
      unit: 'writes to objects',
      ceiling: 1,
    },
    {
      name: 'noop.secrets',
      ...count,
      value: most((change) => change.secretWrites),
      unit: 'Secret writes',
      ceiling: ceilings.secretWrites,
      details: { median: median(changes.map((change) => change.secretWrites)) },
    },
    {
      name: 'noop.written',
      ...count,
      value: percentile(writtenMs, 0.99),
      unit: 'ms (p99)',
      ceiling: ceilings.writtenMs,
      p50: percentile(writtenMs, 0.5),
      p99: percentile(writtenMs, 0.99),
      peer: { name: 'one PATCH of the raw client', value: median(rawMs) },
    },
  ];
}
