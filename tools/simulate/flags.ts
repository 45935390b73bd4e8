import { parseArgs } from 'node:util';
import { durationMs } from '@fairlead/core/model';
import { calm, readRange, type Behaviour } from '@fairlead/testkit/simulator';

/** What the command line says. */
export interface Flags {
  readonly clusters: number;
  readonly processes: number;
  readonly transport: 'grpc' | 'nats';
  readonly layout: 'one' | 'apart';
  readonly applications: number;
  readonly objects: number;
  readonly atOnce: number;
  readonly behaviour: Behaviour;
  /** How long it goes on once everybody is connected; undefined: until Ctrl-C. */
  readonly durationMs: number | undefined;
  /** Pause between two changes of one object; undefined: nothing is changed. */
  readonly changeEveryMs: number | undefined;
}

/** For --help. */
export const usage = `Usage: npm run simulate -- [options]

A git server, the bundled hub and a fleet of pretended clusters on the real protocol, until Ctrl-C.

  --clusters N            how many clusters (default: 100)
  --processes N           processes that share them (default: 1)
  --transport grpc|nats   how agents reach the hub (default: grpc)
  --roles one|apart       the hub in one process on SQLite, or apart on PostgreSQL and NATS (default: one)
  --applications N        applications, each in every cluster (default: 1)
  --objects N             objects of each application (default: 20)
  --at-once N             agents that dial for the first time at once (default: 100)
  --seed N                what everything pretended is drawn from (default: 1)
  --apply-delay RANGE     from a desired state to its objects applied, such as 50ms or 0-200ms (default: 0ms)
  --health-delay RANGE    from applied to healthy (default: 0ms)
  --failure-rate SHARE    of attempts that fail to apply (default: 0)
  --sick-rate SHARE       of attempts that never get healthy (default: 0)
  --bad-rate SHARE        of attempts that turn bad after they were healthy (default: 0)
  --bad-after RANGE       and after how long (default: 1s-10s)
  --drift-per-minute N    drift reports of each cluster (default: 0)
  --drops-per-minute N    broken streams of each cluster (default: 0)
  --slow-readers SHARE    of agents that take 5 s over each message (default: 0)
  --floods SHARE          of agents that send 100 needless messages a second (default: 0)
  --verify SHARE          of agents that verify the planner's signature (default: 1)
  --change-every TIME     change one object of the first application, again and again
  --duration TIME         end by itself after this, counted from when all are connected
`;

const texts = {
  clusters: '100',
  processes: '1',
  applications: '1',
  objects: '20',
  'at-once': '100',
  seed: '1',
  'apply-delay': '0ms',
  'health-delay': '0ms',
  'failure-rate': '0',
  'sick-rate': '0',
  'bad-rate': '0',
  'bad-after': '1s-10s',
  'drift-per-minute': '0',
  'drops-per-minute': '0',
  'slow-readers': '0',
  floods: '0',
  verify: '1',
} as const;

type Name = keyof typeof texts;

/** Reads the command line; undefined where help was asked for. Throws an `Error` that names the flag. */
export function readFlags(args: readonly string[]): Flags | undefined {
  const named = Object.entries(texts).map(([name, value]) => [name, { type: 'string', default: value }] as const);
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...(Object.fromEntries(named) as Record<Name, { type: 'string'; default: string }>),
      'change-every': { type: 'string' },
      duration: { type: 'string' },
      transport: { type: 'string', default: 'grpc' },
      roles: { type: 'string', default: 'one' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const count = (name: Name): number => number(name, values[name], { least: 1, isWhole: true });
  const share = (name: Name): number => number(name, values[name], { least: 0, most: 1 });
  const rate = (name: Name): number => number(name, values[name], { least: 0 });
  return {
    clusters: count('clusters'),
    processes: count('processes'),
    transport: oneOf('--transport', values.transport, ['grpc', 'nats']),
    layout: oneOf('--roles', values.roles, ['one', 'apart']),
    applications: count('applications'),
    objects: count('objects'),
    atOnce: count('at-once'),
    behaviour: {
      ...calm,
      seed: number('seed', values.seed, { least: 0, isWhole: true }),
      apply: readRange('--apply-delay', values['apply-delay']),
      health: readRange('--health-delay', values['health-delay']),
      failureRate: share('failure-rate'),
      sickRate: share('sick-rate'),
      badRate: share('bad-rate'),
      badAfter: readRange('--bad-after', values['bad-after']),
      driftPerMinute: rate('drift-per-minute'),
      dropsPerMinute: rate('drops-per-minute'),
      slowReaders: share('slow-readers'),
      floods: share('floods'),
      verifyShare: share('verify'),
    },
    changeEveryMs: duration('change-every', values['change-every']),
    durationMs: duration('duration', values.duration),
  };
}

function number(
  name: string,
  text: string,
  { least, most = Number.POSITIVE_INFINITY, isWhole = false }: { least: number; most?: number; isWhole?: boolean },
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most && (!isWhole || Number.isSafeInteger(value))) return value;
  const kind = isWhole ? 'a whole number' : 'a number';
  throw new Error(
    `--${name} is ${text}: write ${kind} of at least ${least}${most === Number.POSITIVE_INFINITY ? '' : ` and at most ${most}`}`,
  );
}

function duration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = durationMs(text);
  if (value === undefined || value === 0) throw new Error(`--${name} is ${text}: write a duration such as 30s or 5m`);
  return value;
}

function oneOf<Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new Error(`${flag} is ${text}: write ${words.join(' or ')}`);
  return found;
}
