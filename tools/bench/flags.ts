import { parseArgs } from 'node:util';
import { usual, type Bench, type BenchOptions, type Variant } from './bench.ts';
import { apply } from './benches/apply.ts';
import { fanout } from './benches/fanout.ts';
import { drift } from './benches/drift.ts';
import { idle } from './benches/idle.ts';
import { memory } from './benches/memory.ts';
import { noop } from './benches/noop.ts';
import { restart } from './benches/restart.ts';
import { rollout } from './benches/rollout.ts';
import { status } from './benches/status.ts';
import { usualScenario } from './scenario.ts';

/** Every bench; another one is one more file and its name here. */
const benches: readonly Bench[] = [fanout, rollout, idle, restart, status, apply, noop, drift, memory];

/** For --help. */
export const usage = `Usage: npm run bench -- NAME [options]

${benches.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}
  all       each of them, in every way that is worth a table

  --clusters N,N           numbers of clusters, one run each (default: 100,1000; of all: 100,1000,10000)
  --objects N,N            the same for benches of the agent, which have one cluster (default: 1000,10000)
  --rounds N               repetitions; the median counts (default: 5, of apply and drift 10)
  --transport grpc|nats    how agents reach the hub (default: the first in the bench's table)
  --roles one|apart        all in one process on SQLite, or apart on PostgreSQL and NATS (default: alike)
  --processes N            processes that share the agents (default: 1)
  --seed N                 what everything pretended is drawn from (default: 1)
  --scenario FILE          the waves of a rollout (default: tools/bench/scenarios/stages-20-30-50.yaml)
  --agent-profile DIR      write CPU profiles of a real agent there
  --hub-profile DIR        of the hub
  --simulator-profile DIR  and of the agents' processes
  --write FILE             put the figures into the tables of a document, such as docs/performance.md
  --json                   one line of JSON for each figure on standard output
`;

/** One bench in one variant. */
export interface Run {
  readonly bench: Bench;
  readonly options: BenchOptions;
}

/** What the command line asks for. */
export interface Command {
  readonly runs: readonly Run[];
  readonly isJson: boolean;
  readonly writeTo: string | undefined;
}

const flags = {
  clusters: { type: 'string' },
  objects: { type: 'string', default: '1000,10000' },
  rounds: { type: 'string' },
  transport: { type: 'string' },
  roles: { type: 'string' },
  processes: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  scenario: { type: 'string', default: usualScenario },
  'agent-profile': { type: 'string' },
  'hub-profile': { type: 'string' },
  'simulator-profile': { type: 'string' },
  write: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line; undefined where help was asked for. Throws an `Error` that names the flag. */
export function flagsOf(args: readonly string[]): Command | undefined {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  if (values.help) return undefined;
  const [name = ''] = positionals;
  const chosen = name === 'all' ? benches : benches.filter((bench) => bench.name === name);
  if (chosen.length === 0)
    throw new Error(`"${name}" is no bench: write ${benches.map((one) => one.name).join(', ')} or all`);
  const sizes = {
    clusters: values.clusters ?? (name === 'all' ? '100,1000,10000' : '100,1000'),
    objects: values.objects,
  };
  const shared = {
    processes: whole('--processes', values.processes),
    seed: whole('--seed', values.seed),
    scenario: values.scenario,
    agentProfile: values['agent-profile'],
    hubProfile: values['hub-profile'],
    simulatorProfile: values['simulator-profile'],
    tell: (text: string) => void process.stderr.write(`${text}\n`),
  };
  const own = (bench: Bench) => ({
    sizes: sizes[bench.of].split(',').map((text) => whole(`--${bench.of}`, text)),
    rounds: values.rounds === undefined ? bench.rounds : whole('--rounds', values.rounds),
  });
  const variants = (bench: Bench): readonly Variant[] =>
    name === 'all' ? bench.variants : [variantOf(bench, { transport: values.transport, layout: values.roles })];
  const runs = chosen.flatMap((bench) =>
    variants(bench).map((variant) => ({ bench, options: { ...shared, ...own(bench), ...variant } })),
  );
  return { runs, isJson: values.json, writeTo: values.write };
}

/** The bench's first variant, with what was asked for in its place. */
function variantOf(bench: Bench, asked: { transport: string | undefined; layout: string | undefined }): Variant {
  const [first = usual] = bench.variants;
  const { transport = first.transport, layout = first.layout } = asked;
  if (transport !== 'grpc' && transport !== 'nats') throw new Error(`--transport is ${transport}: write grpc or nats`);
  if (layout !== 'one' && layout !== 'apart') throw new Error(`--roles is ${layout}: write one or apart`);
  if (bench.of === 'objects' && (transport !== first.transport || layout !== first.layout))
    throw new Error(`${bench.name} is measured at the agent, over gRPC: leave --transport and --roles away`);
  if (bench.name === 'status' && (transport !== first.transport || layout !== first.layout))
    throw new Error(
      'status is measured without a transport and in PostgreSQL only: leave --transport and --roles away',
    );
  return { transport, layout };
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} is ${text}: write a whole number of at least 1`);
  return value;
}
