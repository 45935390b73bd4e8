import { join } from 'node:path';
import type { Account, KeyPair, User } from '@nats-io/jwt';
import type * as Jwt from '../lazily/jwt.ts';
import { gatewayRights, leafRights, revokerRights } from '../subjects.ts';
import { agentsAccount, agentsAccountName, unlimited } from './claims.ts';
import { readOrMake } from './files.ts';
import { revokerFile, type RevokerKeys } from './revoker.ts';
import { signerFile, type Signer } from './users.ts';

/** Where a leaf node finds the hub's broker. */
export interface LeafRemote {
  /** `tls://host:port` or `nats://host:port`. */
  readonly url: string;
  /** Where `nats-leaf.creds` lies on the leaf node's machine. */
  readonly credentialsFile: string;
  /** The authority of the broker's certificate; the system's where there is none. */
  readonly caFile?: string;
}

/** Options of {@link setUpBroker}. */
export interface BrokerSetupOptions {
  /** The subjects that the hub's bus uses; it may use no others. */
  readonly bus: { readonly publish: readonly string[]; readonly subscribe: readonly string[] };
  /**
   * A folder on each server's machine, in which the server keeps the accounts as they were last told: so that what was
   * revoked stays so over restarts, and is learned by each server of a cluster. Without it accounts live in memory.
   */
  readonly accountsFolder?: string;
}

/** What a broker and its clients are set up with. */
export interface BrokerSetup {
  /** To be included in the configuration of every nats-server: operator, accounts, resolver. Holds no secret. */
  readonly serverConfig: string;
  /** The same for a leaf node near the agents, whose remote is the hub's broker at `url` (its port for leaf nodes). */
  leafConfig(remote: LeafRemote): string;
  /** Files of credentials. */
  readonly credentials: {
    /** For the hub's gateways. */
    readonly gateways: string;
    /** For the hub's bus, in an account with JetStream. */
    readonly bus: string;
    /** For a leaf node near the agents. */
    readonly leaf: string;
    /** For the broker's own people: the system account. */
    readonly system: string;
  };
}

interface Keys {
  readonly operator: KeyPair;
  readonly system: KeyPair;
  readonly agents: KeyPair;
  readonly bus: KeyPair;
  /** Signs for the account of the agents. The hub needs this one and the next, and no other. */
  readonly signer: KeyPair;
  /** Signs accounts for the operator, so that the hub can revoke users. */
  readonly revoker: KeyPair;
}

/** The bus is one stream; who takes its user over makes no others. */
const jetStream = { mem_storage: 0, disk_storage: -1, streams: 1, consumer: -1 };
/** How often servers of a cluster compare what they were told: one that was away learns it so late at most. */
const syncEvery = '"10s"';
const everything = { pub: { allow: ['>'] }, sub: { allow: ['>'] } };

/**
 * Makes in `folder` the keys by which brokers know the hub and its agents, where they are not there yet, and writes down
 * what a broker must be told. Asked again it gives the same accounts. The seeds of operator and accounts are needed for
 * that only: they may lie elsewhere afterwards.
 */
export async function setUpBroker(folder: string, { bus, accountsFolder }: BrokerSetupOptions): Promise<BrokerSetup> {
  const jwt = await import('../lazily/jwt.ts');
  const keys = await openKeys(folder, jwt);
  const credentials = async (name: string, { account, rights }: { account: KeyPair; rights: Partial<User> }) => {
    const make = (): Promise<string> => credentialsOf(name, { account, rights, jwt });
    await readOrMake(folder, { name: `nats-${name}.creds`, make });
    return join(folder, `nats-${name}.creds`);
  };
  const leaf: Partial<User> = { ...leafRights(), allowed_connection_types: ['LEAFNODE'] };
  const gateways: Partial<User> = { ...gatewayRights(), allowed_connection_types: ['STANDARD'] };
  const busRights = { pub: { allow: [...bus.publish] }, sub: { allow: [...bus.subscribe] } };
  const accounts = await accountsConfig(keys, jwt);
  return {
    serverConfig: configOf(accounts, accountsFolder),
    leafConfig: (remote) => `${configOf(accounts)}${leafRemote(remote, keys.agents.getPublicKey())}`,
    credentials: {
      gateways: await credentials('gateways', { account: keys.agents, rights: gateways }),
      leaf: await credentials('leaf', { account: keys.agents, rights: leaf }),
      bus: await credentials('bus', { account: keys.bus, rights: busRights }),
      system: await credentials('system', { account: keys.system, rights: everything }),
    },
  };
}

async function openKeys(folder: string, jwt: typeof Jwt): Promise<Keys> {
  const { createAccount, createOperator, fromSeed } = jwt;
  const open = async (name: string, create: () => KeyPair): Promise<KeyPair> =>
    fromSeed(encode(await readOrMake(folder, { name: `nats-${name}.seed`, make: () => seedOf(create()) })));
  const agents = await open('agents', createAccount);
  const make = (): string =>
    JSON.stringify({ account: agents.getPublicKey(), seed: seedOf(createAccount()) } satisfies Signer);
  const signer = JSON.parse(await readOrMake(folder, { name: signerFile, make })) as Signer;
  const system = await open('system', createAccount);
  const revoker = JSON.parse(
    await readOrMake(folder, { name: revokerFile, make: () => revokerKeys({ system, agents }, jwt) }),
  ) as RevokerKeys;
  return {
    operator: await open('operator', createOperator),
    system,
    agents,
    bus: await open('bus', createAccount),
    signer: fromSeed(encode(signer.seed)),
    revoker: fromSeed(encode(revoker.seed)),
  };
}

/** A signing key of the operator, and a user of the system account that may tell servers of the agents' account only. */
async function revokerKeys(
  { system, agents }: Pick<Keys, 'system' | 'agents'>,
  { createOperator, createUser, encodeUser }: typeof Jwt,
): Promise<string> {
  const user = createUser();
  const rights = { ...revokerRights(agents.getPublicKey()), allowed_connection_types: ['STANDARD' as const] };
  const userJwt = await encodeUser('revoker', user, system, { subs: -1, data: -1, payload: -1, ...rights });
  return JSON.stringify({ seed: seedOf(createOperator()), userJwt, userSeed: seedOf(user) } satisfies RevokerKeys);
}

async function accountsConfig(
  keys: Keys,
  { encodeAccount, encodeOperator }: typeof Jwt,
): Promise<readonly [head: readonly string[], preloaded: readonly string[]]> {
  const { operator } = keys;
  const account = (name: string, { key, is }: { key: KeyPair; is: Partial<Account> }): Promise<string> =>
    encodeAccount(name, key, is, { signer: operator });
  const system = keys.system.getPublicKey();
  const preloaded = {
    [system]: await account('SYS', { key: keys.system, is: { limits: unlimited } }),
    [keys.agents.getPublicKey()]: await account(agentsAccountName, {
      key: keys.agents,
      is: agentsAccount(keys.signer.getPublicKey()),
    }),
    [keys.bus.getPublicKey()]: await account('FAIRLEAD-BUS', {
      key: keys.bus,
      is: { limits: { ...unlimited, ...jetStream, disallow_bearer: true } },
    }),
  };
  const is = { system_account: system, signing_keys: [keys.revoker.getPublicKey()] };
  return [
    [`operator: ${await encodeOperator('fairlead', operator, is)}`, `system_account: ${system}`],
    Object.entries(preloaded).map(([key, jwt]) => `  ${key}: ${jwt}`),
  ];
}

function configOf(
  [head, preloaded]: readonly [head: readonly string[], preloaded: readonly string[]],
  accountsFolder?: string,
): string {
  return [
    '# Who Fairlead is, for every nats-server that its hub or its agents use. Made by `fairlead nats config`.',
    ...head,
    ...(accountsFolder === undefined
      ? ['resolver: MEMORY']
      : [
          `resolver: { type: full, dir: ${JSON.stringify(accountsFolder)}, allow_delete: false, interval: ${syncEvery} }`,
        ]),
    'resolver_preload: {',
    ...preloaded,
    '}',
    '',
  ].join('\n');
}

function leafRemote({ url, credentialsFile, caFile }: LeafRemote, account: string): string {
  const remote = [
    `url: ${JSON.stringify(url)}`,
    `account: ${account}`,
    `credentials: ${JSON.stringify(credentialsFile)}`,
    ...(caFile === undefined ? [] : [`tls: { ca_file: ${JSON.stringify(caFile)} }`]),
  ];
  return ['leafnodes {', '  remotes: [ {', ...remote.map((line) => `    ${line}`), '  } ]', '}', ''].join('\n');
}

async function credentialsOf(
  name: string,
  { account, rights, jwt }: { readonly account: KeyPair; readonly rights: Partial<User>; readonly jwt: typeof Jwt },
): Promise<string> {
  const user = jwt.createUser();
  const token = await jwt.encodeUser(name, user, account, { subs: -1, data: -1, payload: -1, ...rights });
  return new TextDecoder().decode(jwt.fmtCreds(token, user));
}

function seedOf(key: KeyPair): string {
  return new TextDecoder().decode(key.getSeed());
}

function encode(seed: string): Uint8Array {
  return new TextEncoder().encode(seed.trim());
}
