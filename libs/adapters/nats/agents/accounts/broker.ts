import { join } from 'node:path';
import type * as Jwt from '../lazily/jwt.ts';
import type { Account, KeyPair, User } from '@nats-io/jwt';
import { gatewayRights, leafRights } from '../subjects.ts';
import { readOrMake } from './files.ts';
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
  /** Signs for the account of the agents; the only one of these that the hub needs. */
  readonly signer: KeyPair;
}

const unlimited = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: 0, exports: 0, wildcards: true };
const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
/** A user that comes without rights of its own has none. */
const nothing = { pub: { deny: ['>'] }, sub: { deny: ['>'] } };
const everything = { pub: { allow: ['>'] }, sub: { allow: ['>'] } };

/**
 * Makes in `folder` the keys by which brokers know the hub and its agents, where they are not there yet, and writes down
 * what a broker must be told. Asked again it gives the same accounts. The seeds of operator and accounts are needed for
 * that only: they may lie elsewhere afterwards.
 */
export async function setUpBroker(folder: string): Promise<BrokerSetup> {
  const jwt = await import('../lazily/jwt.ts');
  const keys = await openKeys(folder, jwt);
  const credentials = async (name: string, { account, rights }: { account: KeyPair; rights: Partial<User> }) => {
    const make = (): Promise<string> => credentialsOf(name, { account, rights, jwt });
    await readOrMake(folder, { name: `nats-${name}.creds`, make });
    return join(folder, `nats-${name}.creds`);
  };
  const leaf: Partial<User> = { ...leafRights(), allowed_connection_types: ['LEAFNODE'] };
  const gateways: Partial<User> = { ...gatewayRights(), allowed_connection_types: ['STANDARD'] };
  const config = await serverConfig(keys, jwt);
  return {
    serverConfig: config,
    leafConfig: (remote) => `${config}${leafRemote(remote, keys.agents.getPublicKey())}`,
    credentials: {
      gateways: await credentials('gateways', { account: keys.agents, rights: gateways }),
      leaf: await credentials('leaf', { account: keys.agents, rights: leaf }),
      bus: await credentials('bus', { account: keys.bus, rights: everything }),
      system: await credentials('system', { account: keys.system, rights: everything }),
    },
  };
}

async function openKeys(folder: string, { createAccount, createOperator, fromSeed }: typeof Jwt): Promise<Keys> {
  const open = async (name: string, create: () => KeyPair): Promise<KeyPair> =>
    fromSeed(encode(await readOrMake(folder, { name: `nats-${name}.seed`, make: () => seedOf(create()) })));
  const agents = await open('agents', createAccount);
  const make = (): string =>
    JSON.stringify({ account: agents.getPublicKey(), seed: seedOf(createAccount()) } satisfies Signer);
  const signer = JSON.parse(await readOrMake(folder, { name: signerFile, make })) as Signer;
  return {
    operator: await open('operator', createOperator),
    system: await open('system', createAccount),
    agents,
    bus: await open('bus', createAccount),
    signer: fromSeed(encode(signer.seed)),
  };
}

async function serverConfig(keys: Keys, { encodeAccount, encodeOperator }: typeof Jwt): Promise<string> {
  const { operator } = keys;
  const account = (name: string, { key, is }: { key: KeyPair; is: Partial<Account> }): Promise<string> =>
    encodeAccount(name, key, is, { signer: operator });
  const system = keys.system.getPublicKey();
  const preloaded = {
    [system]: await account('SYS', { key: keys.system, is: { limits: unlimited } }),
    [keys.agents.getPublicKey()]: await account('FAIRLEAD-AGENTS', {
      key: keys.agents,
      is: {
        limits: { ...unlimited, mem_storage: 0, disk_storage: 0, disallow_bearer: true },
        signing_keys: [keys.signer.getPublicKey()],
        default_permissions: nothing,
      },
    }),
    [keys.bus.getPublicKey()]: await account('FAIRLEAD-BUS', {
      key: keys.bus,
      is: { limits: { ...unlimited, ...jetStream, disallow_bearer: true } },
    }),
  };
  return [
    '# Who Fairlead is, for every nats-server that its hub or its agents use. Made by `fairlead nats config`.',
    `operator: ${await encodeOperator('fairlead', operator, { system_account: system })}`,
    `system_account: ${system}`,
    'resolver: MEMORY',
    'resolver_preload: {',
    ...Object.entries(preloaded).map(([key, jwt]) => `  ${key}: ${jwt}`),
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
