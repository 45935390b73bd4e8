import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureBinary } from '@fairlead/adapters/binaries';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { objectsOf, type Shape } from '../engine/objects.ts';
import { agentSide, clear, rateOf, rawInFlight, rawSide } from '../engine/rounds.ts';
import { setEngineStage, startRaw, type EngineStage } from '../engine/stage.ts';
import { median, medianInterval, type Figure } from '../figure.ts';

/** What of the raw client's rate the agent must reach. */
const least = 0.85;
/** From so many objects on there are only ConfigMaps, and no kubectl. */
const many = 10_000;
const kubectlRounds = 3;
/** A first install, then a change of every object: each with its revision. */
const phases = [
  ['install', 1],
  ['change', 2],
] as const;

/** Objects a second in each phase. */
type Rates = Record<(typeof phases)[number][0], number>;

/** The agent against the API server's own limit. */
export const apply: Bench = {
  name: 'apply',
  of: 'objects',
  rounds: 10,
  variants: [usual],
  summary:
    'objects a second, from the first PATCH to the last answer by the audit log of a real API server: the bundled agent ' +
    `by turns with a raw client (the agent's own HTTP client, ${rawInFlight} calls in flight, a process of its own); a ` +
    'tenth of 1,000 are Deployments, all others ConfigMaps of 2 KB',
  async *run(options) {
    for (const objects of options.sizes) yield* await measure(options, objects);
  },
};

interface Pair {
  readonly agent: Rates;
  readonly raw: Rates;
}

async function measure(options: BenchOptions, objects: number): Promise<Figure[]> {
  const stage = await setEngineStage(options);
  try {
    const pairs = await measurePairs(stage, { options, objects });
    const kubectl =
      objects >= many
        ? undefined
        : await measureKubectl(stage, { objects, rounds: Math.min(options.rounds, kubectlRounds) });
    return phases.map(([phase]) => figureOf(phase, { objects, pairs, kubectl: kubectl?.[phase] }));
  } finally {
    await stage.stop();
  }
}

async function measurePairs(
  stage: EngineStage,
  by: { readonly options: BenchOptions; readonly objects: number },
): Promise<Pair[]> {
  const raw = await startRaw(stage);
  const objects = { shape: shapeOf(by.objects), count: by.objects };
  const pairs: Pair[] = [];
  // The first one is not counted: compilers and caches are cold.
  for (let round = 0; round <= by.options.rounds; round += 1) {
    const sides = {
      agent: agentSide(stage, { name: `agent-${round}`, objects }),
      raw: rawSide(stage, { raw, name: `raw-${round}`, objects }),
    };
    const order = round % 2 === 0 ? (['agent', 'raw'] as const) : (['raw', 'agent'] as const);
    const pair = { agent: { install: 0, change: 0 }, raw: { install: 0, change: 0 } };
    // Both install, then both change: what else the machine does, wanders within a minute.
    for (const [phase, revision] of phases)
      for (const who of order) pair[who][phase] = await sides[who].apply(revision);
    for (const who of order) await sides[who].clear();
    const { agent, raw: other } = pair;
    by.options.tell(
      `${by.objects}: pair ${round}: ${words(agent.install, other.install)} at first, ${words(agent.change, other.change)} changed`,
    );
    if (round > 0) pairs.push(pair);
  }
  await raw.stop();
  return pairs;
}

function shapeOf(objects: number): Shape {
  return objects >= many ? 'configMaps' : 'mixed';
}

function words(agent: number, raw: number): string {
  return `${agent.toFixed(0)} of ${raw.toFixed(0)} objects/s`;
}

/** `kubectl apply --server-side --validate=false` of the same objects, signed in and acting as the agent does. */
async function measureKubectl(
  stage: EngineStage,
  by: { readonly objects: number; readonly rounds: number },
): Promise<Rates> {
  const kubectl = await ensureBinary('kubectl');
  const file = join(stage.plane.dataDir, 'kubectl.json');
  const rates: Record<keyof Rates, number[]> = { install: [], change: [] };
  for (let round = 1; round <= by.rounds; round += 1) {
    const namespace = `kubectl-${round}`;
    await stage.plane.api.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    for (const [phase, revision] of phases) {
      const items = objectsOf({ shape: shapeOf(by.objects), count: by.objects, revision });
      await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
      await stage.calls.forget();
      const as = '--as=system:serviceaccount:fairlead-system:fairlead-applier';
      const what = ['apply', '--server-side', '--validate=false', `--namespace=${namespace}`, `--filename=${file}`];
      await promisify(execFile)(kubectl, [`--kubeconfig=${stage.agent.kubeconfigPath}`, as, ...what], {
        maxBuffer: 2 ** 26,
      });
      rates[phase].push(await rateOf(stage, { namespace, by: 'kubectl', count: by.objects }));
    }
    await clear(stage, namespace);
  }
  return { install: median(rates.install), change: median(rates.change) };
}

function figureOf(
  phase: keyof Rates,
  { objects, pairs, kubectl }: { objects: number; pairs: readonly Pair[]; kubectl: number | undefined },
): Figure {
  const ratios = pairs.map(({ agent, raw }) => agent[phase] / raw[phase]);
  const value = median(pairs.map(({ agent }) => agent[phase]));
  return {
    name: `apply.${phase}`,
    objects,
    value,
    unit: 'objects per second',
    paired: {
      name: 'the raw client',
      ceiling: median(pairs.map(({ raw }) => raw[phase])),
      ratio: median(ratios),
      interval: medianInterval(ratios),
      least,
    },
    n: pairs.length,
    ...(kubectl === undefined ? {} : { details: { kubectlObjectsPerSecond: kubectl, timesKubectl: value / kubectl } }),
  };
}
