import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig, readToken } from './config.ts';

let folder: string;
let caFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-config-'));
  caFile = join(folder, 'ca.pem');
  await writeFile(caFile, 'authority');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const inCluster = () => ({
  FAIRLEAD_CLUSTER: 'c1',
  FAIRLEAD_HUB: 'hub.example:443',
  FAIRLEAD_HUB_CA_FILE: caFile,
  FAIRLEAD_NAMESPACE: 'fairlead-system',
});

describe('the configuration of an agent', () => {
  it('is what the install manifest gives, with probes for the kubelet', async () => {
    expect(await readConfig([], inCluster())).toEqual({
      cluster: 'c1',
      hub: 'hub.example:443',
      gateway: undefined,
      nats: undefined,
      hubCaPem: 'authority',
      joinTokenFile: undefined,
      namespace: 'fairlead-system',
      kubeconfig: undefined,
      health: '8081',
      logLevel: 'info',
    });
  });

  it('takes flags before variables, and listens on nothing beside an API server', async () => {
    const config = await readConfig(['--cluster', 'c2', '--kubeconfig', 'k'], inCluster());
    expect(config).toMatchObject({ cluster: 'c2', kubeconfig: 'k', health: undefined });
  });

  it('streams over NATS where it was installed so', async () => {
    const overNats = { ...inCluster(), FAIRLEAD_TRANSPORT: 'nats' };
    expect((await readConfig([], overNats)).nats).toEqual({ address: undefined, caPem: undefined });
    const near = { FAIRLEAD_NATS: 'tls://leaf.shop:4222', FAIRLEAD_NATS_CA_FILE: caFile };
    expect((await readConfig([], { ...overNats, ...near })).nats).toEqual({
      address: 'tls://leaf.shop:4222',
      caPem: 'authority',
    });
    expect((await readConfig(['--transport', 'grpc'], overNats)).nats).toBeUndefined();
  });

  it.each([
    [{ FAIRLEAD_TRANSPORT: 'pigeon' }, '--transport is "pigeon"; give grpc or nats'],
    [{ FAIRLEAD_TRANSPORT: 'nats', FAIRLEAD_NATS: 'leaf:4222' }, '--nats is "leaf:4222"; give nats://HOST:PORT'],
    [{ FAIRLEAD_CLUSTER: '' }, '--cluster is not set; give the name of this cluster by --cluster or FAIRLEAD_CLUSTER'],
    [{ FAIRLEAD_CLUSTER: 'Not_A_Name' }, '--cluster is "Not_A_Name"'],
    [{ FAIRLEAD_HUB: 'https://hub.example' }, '--hub is "https://hub.example"; give HOST:PORT'],
    [{ FAIRLEAD_HUB_CA_FILE: '/nowhere/ca.pem' }, '--hub-ca-file is "/nowhere/ca.pem"; give a file that can be read'],
  ])('names what is wrong in %j', async (wrong, message) => {
    await expect(readConfig([], { ...inCluster(), ...wrong })).rejects.toThrow(message);
  });

  it('needs no token once the agent has enrolled', async () => {
    expect(await readToken(undefined)).toBeUndefined();
    expect(await readToken(join(folder, 'token'))).toBeUndefined();
    await writeFile(join(folder, 'token'), ' word\n');
    expect(await readToken(join(folder, 'token'))).toBe('word');
  });
});
