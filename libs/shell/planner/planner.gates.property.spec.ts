import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FairleadError, type ApplicationId, type ClusterName } from '@fairlead/core/model';
import { candidateKey } from '@fairlead/core/releases';
import type { CheckBehaviour } from '@fairlead/ports/checks';
import { memoryForge, type CommitStatus } from '@fairlead/ports/forge';
import { patienceMs, seeded } from '@fairlead/testkit/property';
import {
  applicationYaml,
  env,
  environmentYaml,
  join,
  openFleet,
  pass,
  podinfo,
  run,
  type Fleet,
} from './fleet.fixture.ts';

// I5: nothing is promoted past a gate that has not passed, and a verdict is for one candidate in one environment. What passed
// is worked out here from the commits, the clock, who is heard, what is broken and what servers said, and never from what the
// planner says of gates.

const hourMs = 3_600_000;
const minuteMs = 60_000;
const people = {
  eve: { name: 'eve', email: 'eve@example.com' },
  bob: { name: 'bob', email: 'bob@example.com' },
  /** Wrote every release. */
  cid: { name: 'cid', email: 'cid@fairlead.invalid' },
};
const members = Object.fromEntries(
  ['dev-1', 'dev-2', 'staging-1', 'staging-2', 'qa-1', 'prod-1'].map((name) => [
    name,
    { env: name.split('-')[0] ?? '' },
  ]),
);

const kinds = [
  ...(['approval', 'pause', 'window', 'dependency', 'soak'] as const),
  ...(['health', 'check', 'metric', 'commitStatus', 'verification'] as const),
];
const asking: readonly string[] = ['check', 'metric', 'commitStatus'];
interface AnyGate {
  readonly kind: (typeof kinds)[number];
  /** Of approvals: how many. Of windows: the hour of the day at which eight hours begin. */
  readonly number: number;
}

/** The Jobs of this version never end well. */
const badJob = '3.0.0 verified';

/** One, and two in a quarter of the cases. */
const needed = (number: number): number => (number % 4 === 0 ? 2 : 1);
const url = 'https://checks.example.com/${environment}/${release.version}';
const yamlOf = ({ kind, number }: AnyGate): string =>
  ({
    approval: `{ approval: { count: ${needed(number)}, from: [leads] } }`,
    pause: '{ pause: { reason: look } }',
    window: `{ window: { allow: "0 ${number} * * *", duration: 8h } }`,
    dependency: '{ dependency: { application: default/db } }',
    soak: '{ soak: 1m }',
    health: '{ health: 0s }',
    check: `{ check: { http: { url: "${url}" }, pass: response.status == 200 } }`,
    metric: `{ metric: { prometheus: { url: "${url}", query: up }, pass: value == 1 } }`,
    commitStatus: '{ commitStatus: { context: ci } }',
    verification: `{ verification: { path: verify, retries: ${number % 2} } }`,
  })[kind];

const gate: fc.Arbitrary<AnyGate> = fc.record({
  kind: fc.constantFrom(...kinds),
  number: fc.integer({ min: 0, max: 23 }),
});
const gates = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.array(gate, { maxLength: 3 }) },
);

/** The way to prod: one after the other, or from staging and qa beside each other. */
const ways = ['line', 'all', 'any'] as const;
const pipelines = fc.record({
  way: fc.constantFrom(...ways),
  staging: gates,
  qa: gates,
  prod: gates,
  /** Of the environment prod itself. */
  always: fc.array(gate, { maxLength: 1 }),
});
type Pipeline = typeof pipelines extends fc.Arbitrary<infer Value> ? Value : never;

const sample = (value: number): string =>
  JSON.stringify({ data: { resultType: 'vector', result: [{ metric: {}, value: [0, String(value)] }] } });
/** What a server says; a check asks for 200, a metric for a value of 1. */
const answers: Readonly<Record<string, CheckBehaviour>> = {
  good: { status: 200, body: sample(1) },
  half: { status: 200, body: sample(0) },
  bad: { status: 503, body: '' },
  nothing: { status: 200, body: '' },
  Down: 'Down',
  Silent: 'Silent',
};

const version = fc.integer({ min: 1, max: 4 });
const place = fc.constantFrom('dev', 'staging', 'qa', 'prod');
const person = fc.constantFrom(...Object.values(people));
const cluster = fc.constantFrom(...Object.keys(members));
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      version,
      ci: fc.constantFrom<CommitStatus>('Good', 'Pending'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('approve' as const, 'resume' as const), person }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1000, 61_000, 6 * minuteMs, hourMs, 5 * hourMs),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('break' as const, 'mend' as const), environment: place, version }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('silence' as const, 'speak' as const), cluster }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('server' as const), says: fc.constantFrom(...Object.keys(answers)) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('forge' as const),
      says: fc.constantFrom<CommitStatus>('Good', 'Good', 'Bad', 'Pending'),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Environments that an entry looks back at. */
function before({ way }: Pipeline, here: string): { readonly names: readonly string[]; readonly any: boolean } {
  if (here !== 'prod') return { names: ['dev'], any: false };
  return way === 'line' ? { names: ['staging'], any: false } : { names: ['staging', 'qa'], any: way === 'any' };
}

function gatesAt(pipeline: Pipeline, here: string): readonly AnyGate[] {
  if (here === 'prod') return [...pipeline.always, ...pipeline.prod];
  return here === 'qa' ? pipeline.qa : pipeline.staging;
}

function gatesOf({ staging, qa, prod, always }: Pipeline): readonly AnyGate[] {
  return [...staging, ...qa, ...prod, ...always];
}

function walkYaml(pipeline: Pipeline, list: (all: readonly AnyGate[]) => string): string {
  const { way, staging, qa, prod } = pipeline;
  const fanIn = way === 'line' ? '' : `, after: { ${way}: [staging, qa] }`;
  const beside = way === 'line' ? '' : `, { environment: qa, after: [dev], gates: ${list(qa)} }`;
  return applicationYaml(
    `[{ environment: dev }, { environment: staging, gates: ${list(staging)} }${beside}, { environment: prod${fanIn}, gates: ${list(prod)} }]`,
  ).replace('path: deploy', 'path: deploy, root: .');
}

/** A fleet, and what is done to what lies outside of it. */
interface World {
  readonly pipeline: Pipeline;
  readonly fleet: Fleet;
  readonly forge: ReturnType<typeof memoryForge>['server'];
  /** Revisions of which the forge ever said something good. */
  readonly good: Set<string>;
  /** What the server says since it was asked so often. */
  readonly says: { readonly since: number; readonly word: string }[];
}

async function worldWith(pipeline: Pipeline): Promise<World> {
  const { forge, server } = memoryForge();
  const fleet = await openFleet({ forge });
  const list = (all: readonly AnyGate[]): string => `[${all.map(yamlOf).join(', ')}]`;
  const leads = 'kind: Team\nmetadata: { name: leads }\nspec: { serviceAccount: leads, approvers: [eve, bob, cid] }\n';
  const prodYaml = `kind: Environment\nmetadata: { name: prod }\nspec: { clusters: { matchLabels: { env: prod } }, gates: ${list(pipeline.always)} }\n`;
  const head = 'apiVersion: fairlead.dev/v1alpha1\n';
  const db = walkYaml(pipeline, () => '[]').replace('name: podinfo', 'name: db');
  await fleet.git.server.commit({
    message: 'Gates',
    files: {
      'leads.yaml': head + leads,
      'qa.yaml': environmentYaml('qa'),
      'prod.yaml': head + prodYaml,
      'podinfo.yaml': walkYaml(pipeline, list),
      ...(gatesOf(pipeline).some(({ kind }) => kind === 'dependency') ? { 'db.yaml': db } : {}),
    },
  });
  await fleet.planner.plan({ head: true });
  fleet.source.broken.add(badJob);
  const says = [{ since: 0, word: 'good' }];
  await fleet.server.behave(answers['good'] ?? 'Down');
  await join(fleet, members);
  return { pipeline, fleet, forge: server, good: new Set(), says };
}

async function take(world: World, one: Step): Promise<void> {
  const { fleet } = world;
  await happen(world, one);
  await run(fleet);
  // Answers come beside the passes.
  if (gatesOf(world.pipeline).some(({ kind }) => asking.includes(kind))) await run(fleet);
}

async function happen(world: World, one: Step): Promise<void> {
  const { fleet, says } = world;
  const { source, actions, silent } = fleet;
  switch (one.do) {
    case 'release':
      source.version = `${one.version}.0.0`;
      source.revision = `r${Number(source.revision.slice(1)) + 1}`;
      return say(world, one.ci);
    case 'approve':
    case 'resume':
      for (const environment of ['staging', 'qa', 'prod']) {
        const doing = actions[one.do]({ application: podinfo, environment: env(environment) }, one.person);
        await doing.catch((thrown: unknown) => expect(thrown).toBeInstanceOf(FairleadError));
      }
      return;
    case 'wait':
      return pass(fleet, one.ms);
    case 'server':
      says.push({ since: fleet.server.asked.length, word: one.says });
      return fleet.server.behave(answers[one.says] ?? 'Down');
    case 'forge':
      return say(world, one.says);
    case 'silence':
      return void silent.add(one.cluster);
    case 'speak':
      return speak(fleet, one.cluster as ClusterName);
    case 'break':
      return void source.broken.add(`${one.version}.0.0 in ${one.environment}`);
    case 'mend':
      return void source.broken.delete(`${one.version}.0.0 in ${one.environment}`);
  }
}

/** The forge says something of the newest revision. */
function say({ fleet: { source }, forge, good }: World, status: CommitStatus): void {
  forge.say(source.revision, 'ci', status);
  if (status === 'Good') good.add(source.revision);
}

async function speak({ silent, store, clock }: Fleet, cluster: ClusterName): Promise<void> {
  silent.delete(cluster);
  await store.write([{ put: 'contact', row: { cluster, lastHeardAtMs: clock.now() } }]);
}

/** What the commits up to one of them say, and what was true when they came. */
class Past {
  readonly said: { readonly word: string; readonly by: string }[] = [];
  /** Whether what each ENVIRONMENT/TEAM/NAME named last, and each version there, was sound when it came. */
  readonly healthy = new Map<string, boolean>();
  /** `UNIT CANDIDATE` that were named there. */
  readonly candidates = new Set<string>();
  /** Of those, the ones that some cluster could have shown to be sound, and for how long at most. */
  readonly provenAtMs = new Map<string, number>();
  /** When each candidate was first named anywhere: the number of questions that had been asked by then. */
  readonly askedBefore = new Map<string, number>();
  /** `APPLICATION CLUSTER` of those that may run something else than they say. */
  readonly doubtful = new Set<string>();
  /** Candidates that nobody heard of yet, since all of the environment is silent. */
  readonly unheard = new Map<string, string>();
  commits = 0;
  promoted = 0;
  /** Kinds of gates that were passed. */
  readonly passed = new Set<AnyGate['kind']>();
}

/** A candidate at the door of an environment, at this moment. */
interface Door {
  readonly world: World;
  readonly past: Past;
  readonly here: string;
  readonly candidate: string;
  readonly version: string;
  readonly revision: string;
}

/** True if enough of the predecessors are as asked. */
function looksBack({ world, here }: Door, isSo: (environment: string) => boolean): boolean {
  const { names, any } = before(world.pipeline, here);
  return any ? names.some(isSo) : names.every(isSo);
}

/** True if a server gave a good answer to a question of this gate about this version, since the candidate was there. */
function wasAnswered({ world, past, here, candidate, version }: Door, kind: 'check' | 'metric'): boolean {
  const from = past.askedBefore.get(candidate) ?? 0;
  return world.fleet.server.asked.some((question, at) => {
    if (at < from || question.includes('/api/v1/query') !== (kind === 'metric')) return false;
    const word = world.says.findLast(({ since }) => since <= at)?.word ?? '';
    const isGood = word === 'good' || (kind === 'check' && ['half', 'nothing'].includes(word));
    return isGood && question.includes(`/${here}/${version}`);
  });
}

/** Why the promotion of a candidate must not have been made at this moment; undefined where all is well. */
function whyWrong(one: AnyGate, door: Door): string | undefined {
  const { world, past, here, candidate } = door;
  const nowMs = world.fleet.clock.now();
  const saidBy = (word: string) =>
    new Set(
      past.said.filter((said) => said.word === `Fairlead-${word} ${here}/${podinfo} ${candidate}`).map(({ by }) => by),
    );
  const provenFor = (ms: number) =>
    looksBack(door, (name) => nowMs - (past.provenAtMs.get(`${name}/${podinfo} ${candidate}`) ?? Infinity) >= ms);
  const passed: Record<AnyGate['kind'], () => boolean> = {
    approval: () => [...saidBy('Approve')].filter((name) => name !== 'cid').length >= needed(one.number),
    pause: () => saidBy('Resume').size > 0,
    window: () => (Math.floor(nowMs / hourMs) - one.number + 24) % 24 < 8,
    dependency: () => past.healthy.get(`${here}/default/db`) === true,
    soak: () => provenFor(minuteMs),
    health: () => provenFor(0),
    check: () => wasAnswered(door, 'check'),
    metric: () => wasAnswered(door, 'metric'),
    commitStatus: () => world.good.has(door.revision),
    verification: () => looksBack(door, (name) => wasVerified(door, name)),
  };
  return passed[one.kind]() ? undefined : `${here} of ${candidate} past ${yamlOf(one)}`;
}

/** True if a Job of the version ran there, and its Jobs are not those that never end well. */
function wasVerified({ world, version }: Door, environment: string): boolean {
  const ran = world.fleet.source.ran.some((one) => one.startsWith(`${version} on ${environment}-`));
  return ran && !badJob.startsWith(`${version} `);
}

function isHeard({ fleet }: World, environment: string): boolean {
  return Object.keys(members).some((name) => name.startsWith(`${environment}-`) && !fleet.silent.has(name));
}

/** True if some cluster of the environment runs the candidate's release in good health, and was given no other since. */
async function isRun({ world, past, here, candidate }: Door, unit: string): Promise<boolean> {
  const application = unit.slice(here.length + 1) as ApplicationId;
  const statuses = await world.fleet.store.statuses({ application });
  return statuses.some(
    ({ cluster, status: { release, health } }) =>
      cluster.startsWith(`${here}-`) &&
      candidate.startsWith(`${release} `) &&
      health === 'Healthy' &&
      !past.doubtful.has(`${application} ${cluster}`),
  );
}

/** Who was given something else than it runs, and did not answer since, may run either. */
async function noteDoubts({ fleet: { store, silent } }: World, { doubtful }: Past): Promise<void> {
  const statuses = await store.statuses({});
  const runs = new Map<string, string>(
    statuses.map(({ cluster, status }) => [`${status.application} ${cluster}`, status.release]),
  );
  for (const { cluster, application, entry } of await store.assignments({})) {
    const key = `${application} ${cluster}`;
    if (entry?.release !== runs.get(key)) doubtful.add(key);
    else if (!silent.has(cluster)) doubtful.delete(key);
  }
}

/** A candidate is named in an environment, by the commit that is looked at. */
function note(
  { world, past, here, candidate, version }: Door,
  { unit, isRun }: { unit: string; isRun: boolean },
): void {
  const isBroken = world.fleet.source.broken.has(`${version} in ${here}`);
  // A cluster that runs this very bundle in good health already is not disturbed by its new name.
  const alike = past.healthy.get(`${unit} ${version}`) === true;
  const sound = alike || !isBroken;
  const name = `${unit} ${candidate}`;
  past.healthy.set(unit, sound).set(`${unit} ${version}`, sound);
  past.candidates.add(name);
  if (!past.askedBefore.has(candidate)) past.askedBefore.set(candidate, 0);
  // Who runs this very bundle already has nothing to answer.
  if (!isRun && !isHeard(world, here)) past.unheard.set(name, `${version} in ${here}`);
  else if (sound) prove({ past, world }, { name, unit, version });
}

/** Where a release changes nothing for a cluster, the time before it counts. */
function prove(
  { past, world }: Pick<Door, 'past' | 'world'>,
  by: { name: string; unit: string; version: string },
): void {
  const sinceMs = past.provenAtMs.get(`${by.unit} ${by.version}`) ?? world.fleet.clock.now();
  for (const key of [by.name, `${by.unit} ${by.version}`])
    if (!past.provenAtMs.has(key)) past.provenAtMs.set(key, sinceMs);
}

/** Who was silent when a candidate came may take it once it speaks. */
function noteHeard(world: World, past: Past): void {
  for (const [name, place] of past.unheard) {
    const [version = '', , here = ''] = place.split(' ');
    if (!isHeard(world, here)) continue;
    past.unheard.delete(name);
    const unit = name.split(' ')[0] ?? '';
    if (!world.fleet.source.broken.has(place)) prove({ past, world }, { name, unit, version });
  }
}

/** Looks at the commits that are new, and holds each promotion against everything that was true then. */
async function look(world: World, past: Past): Promise<void> {
  const { fleet } = world;
  const commits = [];
  for await (const commit of fleet.git.repository.history(await fleet.git.repository.fetch())) commits.unshift(commit);
  noteHeard(world, past);
  for (const { commit, trailers, author } of commits.slice(past.commits)) {
    for (const [key, value] of trailers) past.said.push({ word: `${key} ${value}`, by: author.name });
    for (const [unit, history] of fleet.planner.current()?.named ?? []) {
      const named = history.find((entry) => entry.commit === commit);
      if (named === undefined) continue;
      const candidate = candidateKey(named);
      const here = unit.split('/')[0] ?? '';
      const { version, revisions } = named;
      const door = { world, past, here, candidate, version, revision: revisions['main'] ?? '' };
      if (unit.endsWith(podinfo) && here !== 'dev' && !past.candidates.has(`${unit} ${candidate}`)) {
        const wrong = gatesAt(world.pipeline, here).map((one) => whyWrong(one, door));
        expect(wrong.filter((text) => text !== undefined)).toEqual([]);
        expect(looksBack(door, (name) => past.candidates.has(`${name}/${podinfo} ${candidate}`))).toBe(true);
        past.promoted += 1;
        for (const { kind } of gatesAt(world.pipeline, here)) past.passed.add(kind);
      }
      note(door, { unit, isRun: await isRun(door, unit) });
    }
  }
  past.commits = commits.length;
  await noteDoubts(world, past);
}

it('no release is promoted past a gate that has not passed, in any pipeline', { timeout: patienceMs }, async () => {
  let promoted = 0;
  const passed = new Set<AnyGate['kind']>();
  const parameters = seeded(160);
  await fc.assert(
    fc.asyncProperty(pipelines, fc.array(step, { minLength: 4, maxLength: 16 }), async (pipeline, steps) => {
      const world = await worldWith(pipeline);
      const past = new Past();
      await look(world, past);
      for (const one of steps) {
        await take(world, one);
        await look(world, past);
      }
      promoted += past.promoted;
      for (const kind of past.passed) passed.add(kind);
      await world.fleet.planner.close();
    }),
    parameters,
  );
  // A property over promotions that never happen would hold as well.
  expect(promoted).toBeGreaterThan(parameters.numRuns / 2);
  expect(passed.size).toBeGreaterThan(parameters.numRuns < 100 ? 0 : 6);
});
