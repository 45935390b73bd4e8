import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClusterName } from '@fairlead/core/model';
import { ensureBinary } from '@fairlead/adapters/binaries';
import { makeCsr, newAgentKey, openKeys } from '@fairlead/adapters/pki';
import { systemClock } from '@fairlead/ports/clock';
import type { AgentListener, HubConnection, HubLink } from '@fairlead/ports/transport';
import { freePort, startProcess, type ServerProcess } from '@fairlead/testkit/process';
import { until } from '@fairlead/testkit/kube';
import { afterAll, expect, test } from 'vitest';
import { noBus } from './broker.harness.ts';
import { natsLink, natsListener, natsUser, openAgentsAccount, setUpBroker } from './index.ts';

const guide = join(import.meta.dirname, '../../../../docs/guides/nats.md');
const never = new AbortController().signal;
const servers: ServerProcess[] = [];
let folder: string;
let listener: AgentListener | undefined;
afterAll(async () => {
  await listener?.close();
  for (const server of servers) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A configuration as the guide shows it, with ports and folders of this machine. */
async function shown(name: string, ports: Readonly<Record<number, number>>, at = folder): Promise<string> {
  const text = await readFile(guide, 'utf8');
  const block = new RegExp(`\`\`\`conf\\n(# ${name}\\n[^\`]*)\`\`\``).exec(text)?.[1] ?? '';
  return block
    .replaceAll('/etc/nats/', `${at}/`)
    .replace(/0\.0\.0\.0:(\d+)/g, (_, port: string) => `127.0.0.1:${ports[Number(port)] ?? port}`);
}

async function start(name: string, text: string): Promise<void> {
  const file = join(folder, `${name}.conf`);
  await writeFile(file, text);
  servers.push(
    await startProcess({
      name,
      file: await ensureBinary('nats-server'),
      arguments: ['--config', file],
      logFile: join(folder, `${name}.log`),
    }),
  );
}

/** Servers that were just started, and a leaf node that has just connected, are not there at once. */
function connected(link: HubLink): Promise<HubConnection> {
  return until(() => link.connect(async () => undefined, never), { what: 'the hub to be reached', pollMs: 50 });
}

test('the configuration of a server in a cluster is one that it takes', async () => {
  const own = await mkdtemp(join(tmpdir(), 'fairlead-nats-guide-'));
  try {
    const keys = await openKeys(own, { names: ['127.0.0.1'], now: Date.now });
    const { keyPem, certificatePem } = await keys.server();
    for (const name of ['tls', 'route']) {
      await writeFile(join(own, `${name}.key`), keyPem);
      await writeFile(join(own, `${name}.crt`), certificatePem);
    }
    await writeFile(join(own, 'broker-ca.pem'), keys.caPem);
    const { serverConfig } = await setUpBroker(own, { bus: noBus, accountsFolder: join(own, 'accounts') });
    await writeFile(join(own, 'fairlead-nats.conf'), serverConfig);
    const text = await shown('cluster.conf', {}, own);
    expect(text).toContain('routes:');
    await writeFile(join(own, 'nats.conf'), text);
    const checked = promisify(execFile)(await ensureBinary('nats-server'), ['-t', '-c', join(own, 'nats.conf')]);
    expect((await checked).stderr).toContain('is valid');
  } finally {
    await rm(own, { recursive: true });
  }
});

test('the configurations of the guide serve an agent at the hub’s broker and one behind a leaf node', async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-nats-guide-'));
  const keysFolder = join(folder, 'keys');
  await mkdir(keysFolder);
  const keys = await openKeys(keysFolder, { names: ['127.0.0.1'], now: Date.now });
  const { keyPem, certificatePem } = await keys.server();
  await writeFile(join(folder, 'tls.key'), keyPem);
  await writeFile(join(folder, 'tls.crt'), certificatePem);
  const setup = await setUpBroker(keysFolder, { bus: noBus });
  const [client, leaf, near] = [await freePort(), await freePort(), await freePort()];
  await writeFile(join(folder, 'fairlead-nats.conf'), setup.serverConfig);
  await writeFile(
    join(folder, 'fairlead-leaf.conf'),
    setup.leafConfig({
      url: `tls://127.0.0.1:${leaf}`,
      credentialsFile: setup.credentials.leaf,
      caFile: join(keysFolder, 'ca.pem'),
    }),
  );
  await start('nats', await shown('nats.conf', { 4222: client, 7422: leaf }));
  await start('leaf', await shown('leaf.conf', { 4222: near }));
  const taken: string[] = [];
  listener = natsListener({
    address: `tls://127.0.0.1:${client}`,
    brokerCaPem: keys.caPem,
    credentials: () => readFile(setup.credentials.gateways, 'utf8'),
    caPem: keys.caPem,
    server: () => keys.server(),
    clock: systemClock,
    onError: () => undefined,
  });
  await listener.listen(async ({ caller }) => {
    taken.push(caller.cluster);
    return { message: async () => undefined, closed: () => undefined };
  });
  const account = await openAgentsAccount(keysFolder);
  const linkOf = async (name: string, address: string): Promise<HubLink> => {
    const cluster = name as ClusterName;
    const key = await newAgentKey();
    const issued = await keys.issueClient(await makeCsr(key, cluster), cluster);
    const { seed, publicKey } = await natsUser();
    const jwt = await account.userJwt({ cluster, userKey: publicKey, notAfterMs: issued.notAfterMs });
    return natsLink({
      cluster,
      address,
      ...(address.startsWith('tls:') && { brokerCaPem: keys.caPem }),
      user: () => ({ jwt, seed }),
      caPem: keys.caPem,
      identity: () => ({ keyPem: key.privatePem, certificatePem: issued.certificatePem }),
    });
  };
  await connected(await linkOf('shop-0042', `tls://127.0.0.1:${client}`));
  await connected(await linkOf('till-7', `nats://127.0.0.1:${near}`));
  expect(taken).toEqual(['shop-0042', 'till-7']);
});
