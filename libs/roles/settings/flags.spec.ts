import { expect, test } from 'vitest';
import { readSettings, usageOf } from './flags.ts';
import type { Program } from './settings.ts';

const shared = ['--store', 'postgres://fairlead@db:5432/fairlead', '--bus', 'nats://nats:4222', '--keys', '/keys'];
const fleet = ['--fleet', 'https://git.example.com/fleet', '--data', '/data'];
const minimal: Readonly<Record<Program, readonly string[]>> = {
  hub: fleet,
  planner: [...shared, ...fleet],
  sources: [...shared, '--data', '/data'],
  gateway: shared,
  api: [...shared, ...fleet, '--gateway', 'gateway.example.com:8443'],
};
const programs = Object.keys(minimal) as Program[];

test.each(programs)('the %s starts with what its help calls needed, and with nothing less', (program) => {
  const args = minimal[program];
  readSettings(program, args);
  const [, line = ''] = /^fairlead-\w+ (.*) \[options\]/.exec(usageOf(program)) ?? [];
  const needed = [...line.matchAll(/--[\w-]+/g)].map(([name]) => name);
  expect(needed.toSorted()).toEqual(args.filter((word) => word.startsWith('--')).toSorted());
  for (const name of needed) {
    const at = args.indexOf(name);
    expect(() => readSettings(program, args.toSpliced(at, 2))).toThrow(`${name} is needed`);
  }
});

test.each([
  ['gateway', ['--fleet', 'https://git.example.com/fleet'], '--fleet means nothing to the gateway'],
  ['planner', ['--grpc', '127.0.0.1:1'], '--grpc means nothing to the planner'],
  ['api', ['--helm', '4=/helm'], '--helm means nothing to the api'],
  ['sources', ['--gateway', 'h:1'], '--gateway means nothing to the sources'],
] as const)('the %s refuses a flag of others, and says whose it is', (program, args, words) => {
  expect(() => readSettings(program, [...minimal[program], ...args])).toThrow(words);
});

test('roles apart over a file, or without a bus, are refused in words', () => {
  const withFile = minimal.gateway.map((word) => (word.startsWith('postgres:') ? '/data/hub.db' : word));
  expect(() => readSettings('gateway', withFile)).toThrow(/SQLite belongs to one process.*postgres:\/\//);
  const withoutBus = minimal.gateway.filter((word) => word !== '--bus' && !word.startsWith('nats:'));
  expect(() => readSettings('gateway', withoutBus)).toThrow('--bus is needed');
});

test('a password on the command line is refused, and not repeated', () => {
  const args = minimal.gateway.map((word) => word.replace('fairlead@db', 'fairlead:geheim@db'));
  expect(() => readSettings('gateway', args)).toThrow(/^(?!.*geheim).*--store-password-file/);
});

test('a hub keeps keys and store in its data folder unless told', () => {
  expect(readSettings('hub', fleet)).toMatchObject({
    keysFolder: '/data',
    store: { kind: 'sqlite', file: '/data/store/hub.db' },
    bus: { kind: 'in-process' },
    listen: { host: '127.0.0.1', port: 8443 },
  });
});

test.each([
  [['--listen', 'nowhere'], '--listen is nowhere'],
  [['--poll-ms', '5'], '--poll-ms is 5'],
  [['--check-host', 'https://a/b'], '--check-host is https://a/b: write HOST or HOST:PORT'],
  [['--bus-ca', 'ca.pem'], '--bus-ca and --bus-replicas need --bus'],
  [['--bus-replicas', '3'], '--bus-ca and --bus-replicas need --bus'],
  [['--bus', 'nats://a:1,nats://b:1', '--bus-replicas', '2'], '--bus-replicas is 2: write 1, 3 or 5'],
  [['--agents-nats', 'nats://a:1,http://b:1'], '--agents-nats is no nats://HOST:PORT'],
  [['--agents-nats-name', 'nats://a:1'], 'need --agents-nats'],
  [['--store', 'mysql://a/b'], '--store is mysql:'],
  [['--kustomize', 'x'], '--kustomize is x'],
  [['--forge', 'sourcehut', '--password-file', 'f'], '--forge is sourcehut: write github'],
  [['--forge', 'github'], '--forge needs --forge-token-file, or --password-file'],
  [['--forge-token-file', 'f'], '--forge-token-file and --forge-api need --forge'],
  [['--forge', 'github', '--forge-token-file', 'f', '--forge-api', 'x'], '--forge-api is x'],
])('%j names its flag', (args, words) => {
  expect(() => readSettings('hub', [...fleet, ...args])).toThrow(words);
});

test('servers of a cluster are named with commas, for the bus and for agents', () => {
  const servers = 'tls://a:4222,tls://b:4222,tls://c:4222';
  const args = ['--bus', servers, '--bus-replicas', '3', '--agents-nats', servers];
  expect(readSettings('hub', [...fleet, ...args])).toMatchObject({
    bus: { kind: 'nats', servers, replicas: 3 },
    agentsNats: { address: servers, name: servers },
  });
});

test('gates may ask the servers that are named, and nobody where none is', () => {
  expect(readSettings('hub', fleet).checkHosts).toEqual([]);
  const hosts = ['--check-host', 'Checks.example.com', '--check-host', 'prometheus:9090'];
  expect(readSettings('hub', [...fleet, ...hosts]).checkHosts).toEqual(['checks.example.com', 'prometheus:9090']);
});

test('a forge takes the token of the repository unless it is given one', () => {
  const password = ['--password-file', 'password'];
  const forge = ['--forge', 'github'];
  expect(readSettings('hub', [...fleet, ...password, ...forge]).forge).toEqual({
    kind: 'github',
    tokenFile: 'password',
  });
  expect(readSettings('hub', [...fleet, ...password, ...forge, '--forge-token-file', 'token']).forge?.tokenFile).toBe(
    'token',
  );
});
