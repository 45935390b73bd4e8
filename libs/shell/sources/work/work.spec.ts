import { readFleet } from '@fairlead/core/documents';
import { FairleadError, type Application, type Digest } from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { startRelay } from '@fairlead/shell/outbox';
import { expect, test } from 'vitest';
import type { PinnedRender, Rendering } from '../releases.ts';
import { askRendering } from './ask.ts';
import { serveRendering } from './serve.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const text =
  'apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: web }\nspec: { source: { git: { url: "https://git.example.com/web", path: deploy } }, pipeline: [{ environment: dev }] }\n';

function definition(): Application {
  const [application] = readFleet([{ path: 'web.yaml', text }]).applications.values();
  if (!application) throw new Error('the application of the test is broken');
  return application;
}

function pinned(cluster: string): PinnedRender {
  const inputs = { path: 'deploy', namespace: 'web', values: {}, components: [], patches: [], variables: {}, cluster };
  return {
    definition: definition(),
    where: definition(),
    release: { sources: { main: { revision: 'r1', digest: digest('a') } }, renderer: { plain: '1' } },
    inputs: inputs as unknown as PinnedRender['inputs'],
    kubernetesVersion: 'v1.36.1',
    team: {
      name: 'default',
      serviceAccount: 'x',
      namespaces: [],
      allowKinds: [],
      denyKinds: [],
      secrets: 'Allow',
    },
  };
}

/** One store and bus, and processes around them. */
function setUp() {
  const clock = manualClock();
  const store = memoryStore({ now: clock.now });
  const bus = memoryBus();
  const errors: unknown[] = [];
  const log: string[] = [];
  const live = new Set<string>();
  const relay = startRelay({ store, bus, onError: (error) => void errors.push(error) });
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) {
      await relay.settled();
      await bus.settled();
    }
  };
  const ports = { store, bus, clock, onError: (error: unknown) => void errors.push(error) };
  const unasked: Rendering['changes'] = () => Promise.reject(new Error('nobody asks for changes here'));
  const serve = async (instance: string, render: Rendering['render'], changes = unasked) => {
    await store.beat({ instance, role: 'sources', ttlMs: 60_000 });
    live.add(instance);
    const rendering: Rendering = {
      async render(asked) {
        log.push(instance);
        return render(asked);
      },
      async describe() {
        log.push(instance);
        return { version: '1.0.0', sources: {}, renderer: { plain: '1' } };
      },
      changes,
    };
    const owner = (): string | undefined => [...live].sort()[0];
    return serveRendering(ports, { instance, live: () => [...live], ownerOf: owner, rendering });
  };
  const die = async (instance: string): Promise<void> => {
    live.delete(instance);
    await store.beat({ instance, role: 'sources', ttlMs: 0 });
  };
  return { store, bus, errors, log, live, quiet, serve, die, ask: () => askRendering(ports) };
}

test('equal work of several askers is done once, by one of several instances', async () => {
  const { serve, ask, log, store, quiet } = setUp();
  await serve('a', async () => digest('b'));
  await serve('b', async () => digest('b'));
  const [one, two] = [ask(), ask()];
  const answers = await Promise.all([one.render(pinned('x')), one.render(pinned('x')), two.render(pinned('x'))]);
  expect(answers).toEqual([digest('b'), digest('b'), digest('b')]);
  await quiet();
  expect(new Set(log)).toEqual(new Set(['a']));
  expect((await store.facts('work:')).size).toBe(0);
});

test('a failure comes back with its reason, and is not remembered', async () => {
  const { serve, ask } = setUp();
  let fails = true;
  await serve('a', async () => {
    if (fails)
      throw new FairleadError('Cannot render deploy: it is broken.', {
        code: 'InvalidInput',
        reason: 'RenderFailed',
        subject: { file: 'deploy' },
      });
    return digest('b');
  });
  const asking = ask();
  await expect(asking.render(pinned('x'))).rejects.toMatchObject({
    reason: 'RenderFailed',
    message: 'Cannot render deploy: it is broken.',
    subject: { file: 'deploy' },
  });
  fails = false;
  expect(await asking.render(pinned('x'))).toBe(digest('b'));
});

test('the work of an instance that died is taken over, and its late answer counts for nothing', async () => {
  const { serve, ask, die, log, store, quiet } = setUp();
  const stuck = Promise.withResolvers<Digest>();
  const begun = Promise.withResolvers<void>();
  await serve('a', () => {
    begun.resolve();
    return stuck.promise;
  });
  const second = await serve('b', async () => digest('c'));
  const answer = ask().render(pinned('x'));
  await begun.promise;
  await die('a');
  second.lookAll();
  expect(await answer).toBe(digest('c'));
  stuck.resolve(digest('b'));
  await quiet();
  expect(log).toEqual(['a', 'b']);
  const [late] = [...(await store.facts('answer:')).values()];
  expect(late).toMatchObject({ value: { bundle: digest('c') } });
});

test('with nobody alive it fails at once, and also when the last one dies meanwhile', async () => {
  const { serve, ask, die, bus, log } = setUp();
  const asking = ask();
  await expect(asking.render(pinned('x'))).rejects.toMatchObject({ reason: 'SourcesSilent', retry: 'backoff' });
  const begun = Promise.withResolvers<void>();
  await serve('a', () => {
    begun.resolve();
    return new Promise<Digest>(() => undefined);
  });
  const answer = asking.render(pinned('y'));
  await begun.promise;
  await die('a');
  await bus.publish('instances', { role: 'sources' });
  await expect(answer).rejects.toMatchObject({ reason: 'SourcesSilent' });
  // What was asked first lay in the store still: it was done, and then came the second.
  expect(log.length).toBeGreaterThan(0);
});

test('a description is asked once, until an instance comes that may have other renderers', async () => {
  const { serve, ask, bus, log, quiet } = setUp();
  await serve('a', async () => digest('b'));
  const asking = ask();
  const asked = { application: definition(), sources: { main: { revision: 'r1', digest: digest('a') } } };
  expect(await asking.describe(asked)).toMatchObject({ version: '1.0.0' });
  await asking.describe(asked);
  expect(log).toHaveLength(1);
  await bus.publish('instances', { role: 'sources' });
  await quiet();
  await asking.describe(asked);
  expect(log).toHaveLength(2);
});

test('work that was asked while no bell was heard is found at the start, and an answer after bells were lost', async () => {
  const { serve, ask, store, bus, quiet } = setUp();
  await store.beat({ instance: 'slow to start', role: 'sources', ttlMs: 60_000 });
  const answer = ask().render(pinned('x'));
  await quiet();
  await serve('a', async () => digest('b'));
  await quiet();
  bus.lose();
  expect(await answer).toBe(digest('b'));
});

const compared = {
  source: { git: { url: 'https://git.example.com/web', path: 'deploy', ref: { branch: 'main' } } },
  team: 'web',
  from: 'r1',
  to: 'r2',
  most: 50,
};
const answered = { commits: [], more: false, reached: true, back: false };

test('what changed between two revisions is asked once, and remembered', async () => {
  const { serve, ask } = setUp();
  const asked: unknown[] = [];
  await serve(
    'a',
    async () => digest('b'),
    async (given) => {
      asked.push(given);
      return answered;
    },
  );
  const asking = ask();
  expect(await Promise.all([asking.changes(compared), asking.changes(compared)])).toEqual([answered, answered]);
  await asking.changes(compared);
  expect(asked).toEqual([compared]);
});

test('an instance of an older release fails at such a question in words that help', async () => {
  const { serve, ask } = setUp();
  await serve(
    'a',
    async () => digest('b'),
    () => Promise.reject(new TypeError("Cannot read properties of undefined (reading 'spec')")),
  );
  await expect(ask().changes(compared)).rejects.toMatchObject({
    reason: 'SourcesSilent',
    message: expect.stringContaining('one release of every role'),
  });
});

test('work of a later release is answered by a refusal', async () => {
  const { serve, store, bus, quiet } = setUp();
  await serve('a', async () => digest('b'));
  const work = JSON.stringify({ kind: 'paint', asked: {} });
  await store.write([{ put: 'fact', key: 'work:k', value: { work, near: 'k' } }]);
  await bus.publish('work', { key: 'k' });
  await quiet();
  expect(await store.fact('answer:k')).toMatchObject({ problem: { reason: 'SourcesSilent' } });
});

test('questions of people leave room for renders', async () => {
  const { serve, ask, quiet } = setUp();
  const stuck = Promise.withResolvers<typeof answered>();
  let asked = 0;
  await serve(
    'a',
    async () => digest('b'),
    () => {
      asked += 1;
      return stuck.promise;
    },
  );
  const asking = ask();
  const waiting = ['r2', 'r3', 'r4', 'r5', 'r6'].map((to) => asking.changes({ ...compared, to }));
  await quiet();
  expect(asked).toBe(2);
  expect(await asking.render(pinned('x'))).toBe(digest('b'));
  stuck.resolve(answered);
  expect(await Promise.all(waiting)).toHaveLength(5);
});
