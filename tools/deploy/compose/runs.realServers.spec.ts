import { execFile } from 'node:child_process';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBinaries } from '@fairlead/adapters/binaries';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { until } from '@fairlead/testkit/kube';
import { requirePostgres, startPostgres, type PostgresServer } from '@fairlead/testkit/postgres';
import { freePort, startProcess, tailOf, type ServerProcess } from '@fairlead/testkit/process';
import { openMachine, type Machine, type Places } from './machine.ts';
import { composeText, loadCompose, root } from './model.ts';

const fleet = 'apiVersion: fairlead.dev/v1alpha1\nkind: Fleet\nmetadata: { name: acme }\n';
const passwords = { 'postgres-admin-password': 'a-1', 'postgres-password': "it's-2", 'git-password': 'g-3' };
/** What a test server's own superuser is not called. */
const role = 'fleet_hub';

let git: GitServer;
let postgres: PostgresServer;
let nats: ServerProcess;
let natsPort: number;
let machine: Machine;

beforeAll(async () => {
  git = await startGitServer();
  await git.createRepository('fleet');
  await git.commit('fleet', { files: { 'fairlead.yaml': fleet }, message: 'Begin' });
  postgres = await startPostgres({ durable: false });
  natsPort = await freePort();
  const { kustomize, helm } = await ensureBinaries(['kustomize', 'helm']);
  const places: Places = [
    ['fairlead@postgres:5432/fairlead', `${role}@127.0.0.1:${postgres.port}/${role}`],
    ['nats:4222', `127.0.0.1:${natsPort}`],
    ['otel-collector:4318', '127.0.0.1:1'],
    ['0.0.0.0:8443', '127.0.0.1:0'],
    ['0.0.0.0:8444', '127.0.0.1:0'],
    ['5.8.2=/usr/local/bin/kustomize', `5.8.2=${kustomize}`],
    ['4.3.1=/usr/local/bin/helm', `4.3.1=${helm}`],
  ];
  const yaml = await composeText({ FAIRLEAD_FLEET: git.urlOf('fleet'), FAIRLEAD_NAME: 'localhost' });
  machine = await openMachine(await loadCompose(yaml), places);
  for (const [name, password] of Object.entries(passwords)) await writeFile(join(machine.secrets, name), password);
  await machine.run('keys');
  await machine.run('nats-accounts');
});
afterAll(async () => {
  await machine?.close();
  await nats?.stop();
  await Promise.all([git?.stop(), postgres?.stop()]);
});

/** Runs the first start's script by the real psql, with the names that are free on this server. */
async function initialise(): Promise<void> {
  const { password } = await postgres.createDatabase();
  const script = (await readFile(join(root, 'deploy/compose/postgres-init.sql'), 'utf8'))
    .replaceAll(/\bfairlead\b/g, role)
    .replace('/run/secrets', machine.secrets);
  const { folder } = await requirePostgres();
  // Where initdb is a link, psql lies beside what it leads to.
  const programs = dirname(await realpath(join(folder, 'initdb')));
  const flags = ['--no-psqlrc', '--set=ON_ERROR_STOP=1', '--host=127.0.0.1', `--port=${postgres.port}`];
  const running = promisify(execFile)(join(programs, 'psql'), [...flags, '--username=fairlead', '--dbname=postgres'], {
    env: { PGPASSWORD: password },
  });
  running.child.stdin?.end(script);
  await running;
}

/** Starts a broker on the file of the compose set-up; where it listens and keeps things is this machine's. */
async function startNats(): Promise<ServerProcess> {
  await machine.provide('nats');
  const config = machine.pathOf('nats', '/etc/nats/nats.conf');
  const monitoring = await freePort();
  const text = (await readFile(config, 'utf8'))
    .replace('0.0.0.0:4222', `127.0.0.1:${natsPort}`)
    .replace('0.0.0.0:8222', `127.0.0.1:${monitoring}`)
    .replace('store_dir: /data', `store_dir: ${JSON.stringify(machine.pathOf('nats', '/data'))}`);
  await writeFile(config, text);
  const { 'nats-server': file } = await ensureBinaries(['nats-server']);
  const logFile = machine.pathOf('nats', '/nats.log');
  const started = await startProcess({ name: 'nats', file, arguments: ['--config', config], logFile });
  const isHealthy = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${monitoring}/healthz`)).ok;
  await until(async () => !started.isRunning() || (await isHealthy()), { what: 'nats', timeoutMs: 30_000 });
  if (!started.isRunning()) throw new Error(await tailOf(logFile));
  return started;
}

describe('what the compose file starts', () => {
  it('has a record whose role owns its database and is no superuser', async () => {
    await initialise();
    const [found] = await postgres.query(
      `SELECT r.rolsuper, r.rolcreatedb, d.datname FROM pg_roles r JOIN pg_database d ON d.datdba = r.oid WHERE r.rolname = '${role}'`,
    );
    expect(found).toEqual({ rolsuper: false, rolcreatedb: false, datname: role });
  });

  it('has a bus that knows the hub, and nobody else', async () => {
    nats = await startNats();
    const servers = `nats://127.0.0.1:${natsPort}`;
    const creds = await readFile(join(machine.secrets, 'keys/nats-bus.creds'));
    const known = await connect({ servers, authenticator: credsAuthenticator(creds) });
    expect(known.info?.jetstream).toBe(true);
    await known.close();
    await expect(connect({ servers })).rejects.toThrow(/authorization/i);
  });

  it(
    'comes up as roles apart, each with the files that it is given and no other, and every health check is good',
    { timeout: 120_000 },
    async () => {
      const started = await Promise.all(['api', 'gateway', 'sources', 'planner'].map((name) => machine.start(name)));
      expect(started.map((process) => process.isRunning())).toEqual([true, true, true, true]);
      await Promise.all(started.map((process) => process.stop({ graceMs: 10_000 })));
    },
  );

  it('comes up as one process', { timeout: 120_000 }, async () => {
    expect((await machine.start('hub')).isRunning()).toBe(true);
  });
});
