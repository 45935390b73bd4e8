import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FairleadError } from '@fairlead/core/model';
import { candidateKey } from '@fairlead/core/releases';
import { applicationYaml, env, join, openFleet, pass, podinfo, run, type Fleet } from './fleet.fixture.ts';

// I5: nothing is promoted past a gate that has not passed, and a verdict is for one candidate in one environment. What passed
// is worked out here from the commits, the clock and what is broken, and never from what the planner says of gates.

const hourMs = 3_600_000;
const people = {
  eve: { name: 'eve', email: 'eve@example.com' },
  bob: { name: 'bob', email: 'bob@example.com' },
  /** Wrote every release. */
  cid: { name: 'cid', email: 'cid@fairlead.invalid' },
};

/** The Jobs of this version never end well. */
const badJob = '3.0.0 verified';

interface AnyGate {
  readonly kind: 'approval' | 'pause' | 'window' | 'dependency' | 'soak' | 'verification' | 'check';
  /** Of approvals: how many. Of windows: the hour of the day at which three hours begin. Of verifications: retries. */
  readonly number: number;
}

const yamlOf = ({ kind, number }: AnyGate): string =>
  ({
    approval: `{ approval: { count: ${1 + (number % 2)}, from: [leads] } }`,
    pause: '{ pause: { reason: look } }',
    window: `{ window: { allow: "0 ${number} * * *", duration: 3h } }`,
    dependency: '{ dependency: { application: default/db } }',
    soak: '{ soak: 1m }',
    verification: `{ verification: { path: verify, retries: ${number % 2} } }`,
    check: '{ commitStatus: { context: nobody knows this gate } }',
  })[kind];

const gate: fc.Arbitrary<AnyGate> = fc.record({
  kind: fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom<AnyGate['kind']>('approval', 'pause', 'window', 'dependency', 'soak', 'verification'),
    },
    { weight: 1, arbitrary: fc.constant<AnyGate['kind']>('check') },
  ),
  number: fc.integer({ min: 0, max: 23 }),
});
const gates = fc.array(gate, { maxLength: 3 });

const environment = fc.constantFrom('staging', 'prod');
const person = fc.constantFrom(...Object.values(people));
const step = fc.oneof(
  fc.record({ do: fc.constant('release' as const), version: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('approve' as const), environment, person }),
  fc.record({ do: fc.constant('resume' as const), environment, person }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1000, 61_000, hourMs, 5 * hourMs) }),
  fc.record({
    do: fc.constantFrom('break' as const, 'mend' as const),
    environment,
    version: fc.integer({ min: 1, max: 4 }),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Pipeline {
  readonly staging: readonly AnyGate[];
  readonly prod: readonly AnyGate[];
  /** Of the environment prod itself. */
  readonly always: readonly AnyGate[];
}

async function fleetWith({ staging, prod, always }: Pipeline): Promise<Fleet> {
  const list = (all: readonly AnyGate[]): string => `[${all.map(yamlOf).join(', ')}]`;
  const fleet = await openFleet();
  fleet.source.broken.add(badJob);
  const leads = 'kind: Team\nmetadata: { name: leads }\nspec: { serviceAccount: leads, approvers: [eve, bob, cid] }\n';
  const prodYaml = `kind: Environment\nmetadata: { name: prod }\nspec: { clusters: { matchLabels: { env: prod } }, gates: ${list(always)} }\n`;
  const head = 'apiVersion: fairlead.dev/v1alpha1\n';
  const walk = (name: string, [one, two]: readonly string[]): string =>
    applicationYaml(
      `[{ environment: dev }, { environment: staging, gates: ${one} }, { environment: prod, gates: ${two} }]`,
    )
      .replace('name: podinfo', `name: ${name}`)
      .replace('path: deploy', 'path: deploy, root: .');
  await fleet.git.server.commit({
    message: 'Gates',
    files: {
      'leads.yaml': head + leads,
      'prod.yaml': head + prodYaml,
      'podinfo.yaml': walk('podinfo', [list(staging), list(prod)]),
      'db.yaml': walk('db', ['[]', '[]']),
    },
  });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' }, 'prod-1': { env: 'prod' } });
  return fleet;
}

async function take(fleet: Fleet, one: Step): Promise<void> {
  const { source, actions } = fleet;
  if (one.do === 'release') {
    const count = Number(source.revision.slice(1)) + 1;
    Object.assign(source, { version: `${one.version}.0.0`, revision: `r${count}` });
  } else if (one.do === 'approve' || one.do === 'resume') {
    const doing = actions[one.do]({ application: podinfo, environment: env(one.environment) }, one.person);
    await doing.catch((thrown: unknown) => expect(thrown).toBeInstanceOf(FairleadError));
  } else if (one.do === 'wait') await pass(fleet, one.ms);
  else if (one.do === 'break') source.broken.add(`${one.version}.0.0 in ${one.environment}`);
  else source.broken.delete(`${one.version}.0.0 in ${one.environment}`);
  await run(fleet);
}

/** What the commits up to one of them say. */
interface Past {
  readonly said: readonly { readonly word: string; readonly by: string }[];
  /** Whether what each ENVIRONMENT/TEAM/NAME named last, and each version there, was sound when it came. */
  readonly healthy: Map<string, boolean>;
  readonly candidates: Set<string>;
}

/** Why the promotion of a candidate must not have been made at this moment; undefined where all is well. */
function whyWrong(
  one: AnyGate,
  at: { fleet: Fleet; past: Past; environment: string; candidate: string; version: string },
): string | undefined {
  const { fleet, past, environment: here, candidate, version } = at;
  const saidBy = (word: string) =>
    new Set(
      past.said.filter((said) => said.word === `Fairlead-${word} ${here}/${podinfo} ${candidate}`).map(({ by }) => by),
    );
  const wrong: Record<AnyGate['kind'], () => boolean> = {
    approval: () => [...saidBy('Approve')].filter((name) => name !== 'cid').length < 1 + (one.number % 2),
    pause: () => saidBy('Resume').size === 0,
    window: () => (Math.floor(fleet.clock.now() / hourMs) - one.number + 24) % 24 >= 3,
    dependency: () => {
      return past.healthy.get(`${here}/default/db`) !== true;
    },
    soak: () => !past.candidates.has(`${here === 'prod' ? 'staging' : 'dev'}/${podinfo} ${candidate}`),
    verification: () => {
      const ran = fleet.source.ran.includes(`${version} on ${here === 'prod' ? 'staging' : 'dev'}-1`);
      return !ran || badJob.startsWith(version);
    },
    check: () => true,
  };
  return wrong[one.kind]() ? `${here} of ${candidate} past ${yamlOf(one)}` : undefined;
}

it('no release is promoted past a gate that has not passed, in any pipeline', { timeout: 120_000 }, async () => {
  let promoted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({ staging: gates, prod: gates, always: fc.array(gate, { maxLength: 1 }) }),
      fc.array(step, { minLength: 4, maxLength: 16 }),
      async (pipeline, steps) => {
        const fleet = await fleetWith(pipeline);
        const past: Past = { said: [], healthy: new Map(), candidates: new Set() };
        let seen = 0;
        const look = async (): Promise<void> => {
          const snapshot = fleet.planner.current();
          const commits = [];
          for await (const commit of fleet.git.repository.history(await fleet.git.repository.fetch()))
            commits.unshift(commit);
          for (const { commit, trailers, author } of commits.slice(seen)) {
            for (const [key, value] of trailers)
              (past.said as object[]).push({ word: `${key} ${value}`, by: author.name });
            for (const [unit, history] of snapshot?.named ?? []) {
              const named = history.find((entry) => entry.commit === commit);
              if (named === undefined) continue;
              const candidate = candidateKey(named);
              const here = unit.split('/')[0] ?? '';
              const isNew = !past.candidates.has(`${unit} ${candidate}`);
              if (unit.endsWith(podinfo) && here !== 'dev' && isNew) {
                const asked = here === 'prod' ? [...pipeline.always, ...pipeline.prod] : pipeline.staging;
                const wrong = asked.map((one) =>
                  whyWrong(one, { fleet, past, environment: here, candidate, version: named.version }),
                );
                expect(wrong.filter((text) => text !== undefined)).toEqual([]);
                promoted += 1;
              }
              // A cluster that runs this very bundle in good health already is not disturbed by its new name.
              const alike = past.healthy.get(`${unit} ${named.version}`) === true;
              const sound = alike || !fleet.source.broken.has(`${named.version} in ${here}`);
              past.healthy.set(unit, sound).set(`${unit} ${named.version}`, sound);
              past.candidates.add(`${unit} ${candidate}`);
            }
          }
          seen = commits.length;
        };
        await look();
        for (const one of steps) {
          await take(fleet, one);
          await look();
        }
        await fleet.planner.close();
      },
    ),
    { numRuns: 40 },
  );
  // A property over promotions that never happen would hold as well.
  expect(promoted).toBeGreaterThan(20);
});
