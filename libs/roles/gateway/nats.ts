import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsListener, openAgentsAccount, openRevoker } from '@fairlead/adapters/nats/agents';
import type { GatewayKeys } from '@fairlead/adapters/pki';
import type { AgentListener } from '@fairlead/ports/transport';
import type { Ground } from '@fairlead/roles/ground';
import type { Settings } from '@fairlead/roles/settings';
import type { NatsAccounts } from '@fairlead/shell/gateway';

/** The way in over a broker, beside gRPC. */
export interface NatsWay {
  /** How agents are let onto the broker. */
  readonly accounts: NatsAccounts;
  readonly listener: AgentListener;
}

interface NatsParts {
  readonly settings: Pick<Settings, 'agentsNats' | 'keysFolder'>;
  readonly keys: GatewayKeys;
  /** Hears each time that the broker is there. */
  readonly onConnected: () => void;
}

/** The way in over the broker of `--agents-nats`; undefined without it. Throws where its keys are not there. */
export async function openNats(
  { clock, onProblem, observing, store }: Pick<Ground, 'clock' | 'onProblem' | 'observing' | 'store'>,
  { settings, keys, onConnected }: NatsParts,
): Promise<NatsWay | undefined> {
  const { agentsNats, keysFolder } = settings;
  if (!agentsNats) return undefined;
  const { address, name, caFile, credentialsFile = join(keysFolder, 'nats-gateways.creds') } = agentsNats;
  const caPem = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  const revoker = await openRevoker(keysFolder, { address, ...(caPem !== undefined && { caPem }) });
  return {
    accounts: {
      ...(await openAgentsAccount(keysFolder)),
      address: name,
      ...(caPem !== undefined && { caPem }),
      ...(revoker && { revoker }),
    },
    listener: observing.agents(
      natsListener({
        address,
        ...(caPem !== undefined && { brokerCaPem: caPem }),
        credentials: () => readFile(credentialsFile, 'utf8'),
        caPem: keys.caPem,
        server: keys.server,
        clock,
        onError: onProblem,
        onConnected,
        onBytes: observing.bytes('nats'),
      }),
      { store, transport: 'nats' },
    ),
  };
}
