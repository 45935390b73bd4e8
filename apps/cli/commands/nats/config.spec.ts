import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo, type RecordedIo } from '../../recorded.ts';
import { run } from '../../run.ts';

let folder: string;
let io: RecordedIo;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-nats-config-'));
  io = recordedIo({ cwd: folder, env: {} });
});
afterEach(() => rm(folder, { recursive: true }));

const accountsIn = (text: string): string[] => text.match(/\bA[A-Z2-7]{55}(?=: ey)/g) ?? [];

test('the keys are made once, for their owner only, and what is printed holds none of them', async () => {
  expect(await run(['nats', 'config', '--keys', 'keys'], io)).toBe(0);
  const first = io.stdout();
  expect(accountsIn(first)).toHaveLength(3);
  const names = await readdir(join(folder, 'keys'));
  expect(names.sort()).toEqual([
    'nats-agents.seed',
    'nats-bus.creds',
    'nats-bus.seed',
    'nats-gateways.creds',
    'nats-leaf.creds',
    'nats-operator.seed',
    'nats-revoker.json',
    'nats-signer.json',
    'nats-system.creds',
    'nats-system.seed',
  ]);
  for (const name of names) {
    expect((await stat(join(folder, 'keys', name))).mode & 0o777).toBe(0o600);
    const [seed = 'no seed'] = /\bS[UAO][A-Z2-7]{56}\b/.exec(await readFile(join(folder, 'keys', name), 'utf8')) ?? [];
    expect(first + io.stderr()).not.toContain(seed);
  }
  const again = recordedIo({ cwd: folder, env: {} });
  expect(await run(['nats', 'config', '--keys', 'keys'], again)).toBe(0);
  expect(accountsIn(again.stdout())).toEqual(accountsIn(first));
});

test('a leaf node gets the same accounts and where its broker is', async () => {
  const words = ['nats', 'config', '--keys', 'keys', '--leaf', 'tls://nats.example.com:7422', '--file', 'leaf.conf'];
  expect(await run(words, io)).toBe(0);
  expect(io.stdout()).toBe(`${join(folder, 'leaf.conf')}\n`);
  const text = await readFile(join(folder, 'leaf.conf'), 'utf8');
  expect(accountsIn(text)).toHaveLength(3);
  expect(text).toContain('url: "tls://nats.example.com:7422"');
});

test('servers are told where to keep accounts, and leaf nodes are not: nobody tells them anything', async () => {
  const words = ['nats', 'config', '--keys', 'keys', '--accounts-dir', '/var/lib/nats/accounts'];
  expect(await run(words, io)).toBe(0);
  expect(io.stdout()).toContain(
    'resolver: { type: full, dir: "/var/lib/nats/accounts", allow_delete: false, interval: "10s" }',
  );
  const leaf = recordedIo({ cwd: folder, env: {} });
  expect(await run([...words, '--leaf', 'tls://nats.example.com:7422'], leaf)).toBe(0);
  expect(leaf.stdout()).toContain('resolver: MEMORY');
});

test('an address that is none makes no keys', async () => {
  expect(await run(['nats', 'config', '--keys', 'keys', '--leaf', 'nats.example.com'], io)).toBe(2);
  expect(await readdir(folder)).toEqual([]);
});
