import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { NatsAuthority, NatsRevoker } from '@fairlead/ports/keys';
import type { AgentListener, Caller, HubLink, TlsIdentity } from '@fairlead/ports/transport';
import { startNatsServer, type NatsServer, type NatsServerOptions } from '@fairlead/testkit/nats';
import {
  connect,
  credsAuthenticator,
  jwtAuthenticator,
  type Authenticator,
  type NatsConnection,
} from '@nats-io/transport-node';
import { createUser, encodeUser, fmtCreds, fromSeed } from '@nats-io/jwt';
import {
  natsLink,
  natsListener,
  natsUser,
  openAgentsAccount,
  openRevoker,
  setUpBroker,
  type BrokerSetup,
} from './index.ts';
import type { NatsLinkOptions } from './link.ts';
import type { NatsListenerOptions } from './listener.ts';

/** These tests have agents and no bus. */
export const noBus = { publish: [], subscribe: [] };

/** What an agent of the harness has. */
export interface Member {
  readonly caller: Caller;
  readonly identity: TlsIdentity;
  readonly user: { readonly jwt: string; readonly seed: string; readonly publicKey: string };
}

/** A hub's keys and a broker that knows them. */
export interface Harness {
  readonly folder: string;
  readonly keys: HubKeys;
  readonly setup: BrokerSetup;
  readonly account: NatsAuthority;
  readonly server: NatsServer;
  /** What the listeners made here were told by `onError`. */
  readonly errors: unknown[];
  /** What the hub tells its broker with. */
  readonly revoker: NatsRevoker;
  listener(options?: Partial<NatsListenerOptions>): AgentListener;
  member(cluster: string, options?: { readonly keys?: HubKeys; readonly notAfterMs?: number }): Promise<Member>;
  link(member: Member, options?: Partial<NatsLinkOptions>): HubLink;
  /** A bare connection with an agent's user, to try what it must not. */
  bare(member: Member): Promise<NatsConnection>;
  /** A bare connection that may do everything in the agents' account. */
  spy(server?: NatsServer): Promise<NatsConnection>;
  stop(): Promise<void>;
}

/** Starts a nats-server in operator mode, as `fairlead nats config` sets it up. */
export async function startHarness({
  keepsAccounts = false,
  ...options
}: NatsServerOptions & { readonly keepsAccounts?: boolean } = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-agents-nats-'));
  const keys = await openKeys(join(folder, 'keys'), { names: ['127.0.0.1'], now: Date.now });
  const accountsFolder = join(folder, 'accounts');
  const setup = await setUpBroker(join(folder, 'nats'), { bus: noBus, ...(keepsAccounts && { accountsFolder }) });
  const account = await openAgentsAccount(join(folder, 'nats'));
  const { config } = options;
  const more = typeof config === 'function' ? config : () => config ?? '';
  const server = await startNatsServer({
    jetStream: false,
    ...options,
    config: (ports) => `${setup.serverConfig}\n${more(ports)}`,
  });
  const errors: unknown[] = [];
  const member: Harness['member'] = async (name, { keys: authority = keys, notAfterMs } = {}) => {
    const cluster = name as ClusterName;
    const key = await newAgentKey();
    const issued = await authority.issueClient(await makeCsr(key, cluster), cluster);
    const { seed, publicKey } = await natsUser();
    const jwt = await account.userJwt({ cluster, userKey: publicKey, notAfterMs: notAfterMs ?? issued.notAfterMs });
    const identity = { keyPem: key.privatePem, certificatePem: issued.certificatePem };
    return { caller: { cluster, key: key.digest }, identity, user: { jwt, seed, publicKey } };
  };
  const revoker = await openRevoker(join(folder, 'nats'), { address: server.url });
  if (!revoker) throw new Error('The set-up made no keys to revoke with.');
  return {
    folder,
    keys,
    setup,
    account,
    server,
    errors,
    member,
    revoker,
    listener: (given) =>
      natsListener({
        address: server.url,
        credentials: () => readFile(setup.credentials.gateways, 'utf8'),
        caPem: keys.caPem,
        server: () => keys.server(),
        clock: systemClock,
        onError: (error) => errors.push(error),
        ...given,
      }),
    link: ({ caller, identity, user }, given) =>
      natsLink({
        cluster: caller.cluster,
        address: server.url,
        user: () => user,
        caPem: keys.caPem,
        identity: () => identity,
        ...given,
      }),
    bare: ({ user: { jwt, seed } }) => bare(server, jwtAuthenticator(jwt, new TextEncoder().encode(seed))),
    async spy(at = server) {
      const owner = fromSeed(new TextEncoder().encode(await readFile(join(folder, 'nats/nats-agents.seed'), 'utf8')));
      const user = createUser();
      const token = await encodeUser('spy', user, owner, { pub: { allow: ['>'] }, sub: { allow: ['>'] } });
      return bare(at, credsAuthenticator(fmtCreds(token, user)));
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function bare(server: NatsServer, authenticator: Authenticator): Promise<NatsConnection> {
  return connect({ servers: server.url, authenticator, reconnect: false, maxReconnectAttempts: 0 });
}

/** Both ends of a transport on the harness, for the contract suite; agents reach the broker at `address`. */
export function endsOf(
  harness: Harness,
  { address, clock }: { readonly address: () => string; readonly clock: Clock },
) {
  const listener = harness.listener({ clock });
  return {
    listener,
    async link(name: string) {
      const member = await harness.member(name);
      return { caller: member.caller, link: harness.link(member, { address: address(), clock }) };
    },
    close: () => listener.close(),
  };
}
