import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { busPermissions } from '@fairlead/adapters/nats/bus';
import { natsUser, openAgentsAccount, setUpBroker, type BrokerSetup } from '@fairlead/adapters/nats/agents';
import { makeCsr, newAgentKey, openKeys } from '@fairlead/adapters/pki';
import type { ClusterName, Digest } from '@fairlead/core/model';

/** Who a simulated agent is: a key and a certificate of its own. */
export interface SimulatedIdentity {
  readonly cluster: ClusterName;
  readonly keyPem: string;
  readonly certificatePem: string;
  /** What the ledger names the key by. */
  readonly key: Digest;
  /** As it is known to a broker, where the agents were asked for with one. */
  readonly nats?: NatsUser;
}

/** A user of a broker. */
export interface NatsUser {
  readonly seed: string;
  readonly jwt: string;
}

/** Identities, and the authority that signed them. */
export interface Identities {
  readonly agents: readonly SimulatedIdentity[];
  /** `ca.key` and `ca.pem`, for a hub's data folder. */
  readonly authority: { readonly keyPem: string; readonly certificatePem: string };
  /** The broker's accounts that know the agents, and the folder with the hub's own keys to it. */
  readonly broker?: BrokerSetup & { readonly folder: string };
}

/** Options of {@link simulatedIdentities}. */
export interface IdentityOptions {
  readonly count: number;
  /** They are to be users of a broker too. */
  readonly nats?: boolean;
}

const lifetimeMs = 30 * 86_400_000;
/** Kept ones are made anew when less than this is left of their life. */
const sparedMs = 5 * 86_400_000;
const perFile = 500;

interface Kept {
  readonly madeAtMs: number;
  readonly authority: Identities['authority'];
}

/**
 * Keys and certificates for `sim-00000` and on, as a hub would have issued them. Making ten thousand takes a minute, so
 * they are kept in the user's cache with the authority that signed them; that authority serves no other hub.
 */
export async function simulatedIdentities({ count, nats = false }: IdentityOptions): Promise<Identities> {
  const folder = await authorityFolder();
  const { authority } = await readKept(folder);
  const keys = await openKeys(join(folder, 'keys'), { names: [], now: () => Date.now(), clientLifetimeMs: lifetimeMs });
  const certified = await keptOrMade<SimulatedIdentity>(folder, {
    kind: 'agents',
    count,
    async make(cluster) {
      const { privatePem, digest } = await newAgentKey();
      const { certificatePem } = await keys.issueClient(await makeCsr({ privatePem }, cluster), cluster);
      return { cluster, keyPem: privatePem, certificatePem, key: digest };
    },
  });
  if (!nats) return { agents: certified, authority };
  const brokerFolder = join(folder, 'nats');
  const broker = await setUpBroker(brokerFolder, { bus: busPermissions() });
  const account = await openAgentsAccount(brokerFolder);
  const users = await keptOrMade<NatsUser>(folder, {
    kind: 'users',
    count,
    async make(cluster) {
      const { seed, publicKey } = await natsUser();
      const jwt = await account.userJwt({ cluster, userKey: publicKey, notAfterMs: Date.now() + lifetimeMs });
      return { seed, jwt };
    },
  });
  const agents = certified.map((agent, at) => ({ ...agent, ...(users[at] && { nats: users[at] }) }));
  return { agents, authority, broker: { ...broker, folder: brokerFolder } };
}

/** One of a kind for each of the first `count` clusters, from files of 500 in the folder; those that lack are made. */
async function keptOrMade<Item>(
  folder: string,
  { kind, count, make }: { kind: string; count: number; make: (cluster: ClusterName) => Promise<Item> },
): Promise<Item[]> {
  const items: Item[] = [];
  for (let from = 0; from < count; from += perFile) {
    const file = join(folder, `${kind}-${from}.json`);
    const kept = await readFile(file, 'utf8').catch(() => undefined);
    items.push(...(kept === undefined ? await makeFile(file, { from, make }) : (JSON.parse(kept) as Item[])));
  }
  return items.slice(0, count);
}

async function makeFile<Item>(
  file: string,
  { from, make }: { from: number; make: (cluster: ClusterName) => Promise<Item> },
): Promise<Item[]> {
  const made: Item[] = [];
  for (let number = from; number < from + perFile; number += 1)
    made.push(await make(`sim-${String(number).padStart(5, '0')}` as ClusterName));
  await writeWhole(file, JSON.stringify(made));
  return made;
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fairlead', 'simulator');
}

async function readKept(folder: string): Promise<Kept> {
  return JSON.parse(await readFile(join(folder, 'kept.json'), 'utf8')) as Kept;
}

/** The folder of an authority whose certificates live long enough; a new one takes the place of an old one. */
async function authorityFolder(): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, 'identities');
  const kept = await readKept(folder).catch(() => undefined);
  if (kept && Date.now() < kept.madeAtMs + lifetimeMs - sparedMs) return folder;
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const made = await mkdtemp(join(cache, 'new-'));
  await openKeys(join(made, 'keys'), { names: [], now: () => Date.now() });
  const read = (name: string): Promise<string> => readFile(join(made, 'keys', name), 'utf8');
  const authority = { keyPem: await read('ca.key'), certificatePem: await read('ca.pem') };
  await writeWhole(join(made, 'kept.json'), JSON.stringify({ madeAtMs: Date.now(), authority } satisfies Kept));
  await rm(folder, { recursive: true, force: true });
  // Whoever came first stays: two runs at once share one authority.
  await rename(made, folder).catch(() => rm(made, { recursive: true, force: true }));
  return folder;
}

async function writeWhole(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, text, { mode: 0o600 });
  await rename(beside, file);
}
