import { until } from '@fairlead/testkit/kube';
import { followLedger } from '../ledger.ts';
import { span } from '../teller.ts';
import type { Stage } from '../stage.ts';
import { imageIn, imageOf, isRolledOut, live, order, paths, pushVersion } from './shop.ts';

/** When things happened in a walk, in milliseconds after the push. */
interface Walk {
  readonly commit: string;
  readonly appliedMs: ReadonlyMap<string, number>;
  readonly rolledOutMs: ReadonlyMap<string, number>;
  /** Ledger files in the order of the promotions. */
  readonly promotions: readonly string[];
}

const walkTimeoutMs = 120_000;
const pollMs = 15;

/** Pushes a version and watches every API server and the ledger until it runs everywhere. */
async function follow(stage: Stage, tag: string): Promise<Walk> {
  const { teller, git, planes } = stage;
  const image = imageOf(tag);
  const promotions: string[] = [];
  const endFollowing = await followLedger(git, ({ sha, subject, trailers, files }) => {
    promotions.push(...files);
    const gates = trailers.filter((line) => /^Fairlead-(From|Gates):/.test(line)).join('  ');
    teller.fact(`ledger ${sha.slice(0, 8)}  ${subject}${gates === '' ? '' : `  (${gates})`}`);
  });
  const startedAt = performance.now();
  const commit = await pushVersion(stage, tag);
  teller.fact(`shop ${commit.slice(0, 8)} is pushed: ${image}`);
  const appliedMs = new Map<string, number>();
  const rolledOutMs = new Map<string, number>();
  const watch = async (name: (typeof order)[number]): Promise<void> => {
    const since = (): number => performance.now() - startedAt;
    const wait = { timeoutMs: walkTimeoutMs, pollMs };
    await until(async () => (await imageIn(planes[name])) === image, {
      ...wait,
      what: `${image} to be applied in ${name}`,
    });
    appliedMs.set(name, since());
    await until(async () => isRolledOut(await live(planes[name], paths.deployment), image), {
      ...wait,
      what: `${image} to run in ${name}`,
    });
    rolledOutMs.set(name, since());
    teller.fact(`${name.padEnd(11)} applied after ${span(appliedMs.get(name) ?? 0)}, running after ${span(since())}`);
  };
  await Promise.all(order.map(watch));
  await endFollowing();
  return { commit, appliedMs, rolledOutMs, promotions };
}

function expectOrder({ teller }: Stage, walk: Walk): void {
  const before = (a: string, b: string): boolean =>
    (walk.rolledOutMs.get(a) ?? Infinity) < (walk.appliedMs.get(b) ?? -Infinity);
  teller.expect(
    'each cluster ran it before the next one was given it: dev, staging, prod-canary, prod',
    order.every((name, n) => n === 0 || before(order[n - 1] ?? '', name)),
  );
  const steps = ['dev', 'staging', 'prod'].map((environment) => `ledger/${environment}/default/shop.yaml`);
  const promoted = walk.promotions.filter((file) => steps.includes(file)).slice(0, steps.length);
  teller.expect('one ledger commit moved it into each environment, in order', promoted.join() === steps.join());
}

/** Waits until what the examples hold runs everywhere. */
export async function firstRelease(stage: Stage): Promise<void> {
  const { teller, planes } = stage;
  const image = imageOf('1.0.0');
  for (const name of order) {
    await until(async () => isRolledOut(await live(planes[name], paths.deployment), image), {
      what: `${image} to run in ${name}`,
      timeoutMs: walkTimeoutMs,
    });
    teller.fact(`${name.padEnd(11)} runs ${image}`);
  }
}

/** A push that is announced by webhook, followed through all environments. */
export async function walkByWebhook(stage: Stage): Promise<void> {
  stage.webhook = true;
  const walk = await follow(stage, '1.1.0');
  stage.teller.figure('commit → applied on dev, by webhook', {
    valueMs: walk.appliedMs.get('dev') ?? Infinity,
    belowMs: 2_000,
  });
  expectOrder(stage, walk);
}

/** The same where nobody tells the hub: it looks every five seconds. */
export async function walkByPolling(stage: Stage): Promise<void> {
  stage.webhook = false;
  const walk = await follow(stage, '1.2.0');
  stage.webhook = true;
  stage.teller.figure('commit → applied on dev, by polling', {
    valueMs: walk.appliedMs.get('dev') ?? Infinity,
    belowMs: 8_000,
  });
  expectOrder(stage, walk);
}
