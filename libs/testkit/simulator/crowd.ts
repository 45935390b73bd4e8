import { createPublicKey, verify as verifyBytes, type KeyObject } from 'node:crypto';
import { grpcLink } from '@fairlead/adapters/grpc';
import { natsLink } from '@fairlead/adapters/nats/agents';
import type { SignedHead, VerifyingKey } from '@fairlead/core/model';
import { systemClock } from '@fairlead/ports/clock';
import type { HubLink } from '@fairlead/ports/transport';
import { startLogicalAgent, type LogicalAgent } from './agent.ts';
import type { Behaviour } from './behaviour.ts';
import { BlobCache } from './blobs.ts';
import type { SimulatedIdentity } from './identities.ts';
import type { HubToDial } from './protocol.ts';
import { drawn } from './random.ts';
import { Counter } from './tally.ts';

/** The agents of one process. */
export interface Crowd {
  readonly counter: Counter;
  add(identities: readonly SimulatedIdentity[]): void;
  stop(): Promise<void>;
}

/** Makes an empty crowd; at most `atOnce` agents dial for the first time at once. */
export function createCrowd(options: {
  readonly hub: HubToDial;
  readonly behaviour: Behaviour;
  readonly atOnce: number;
}): Crowd {
  const { hub, behaviour, atOnce } = options;
  const counter = new Counter();
  const blobs = new BlobCache();
  const verify = verifier(hub.verifyingKeys);
  const agents: LogicalAgent[] = [];
  const waiting: SimulatedIdentity[] = [];
  let dialling = 0;
  const fill = (): void => {
    while (dialling < atOnce) {
      const identity = waiting.shift();
      if (!identity) return;
      dialling += 1;
      const answered = (): void => {
        dialling -= 1;
        fill();
      };
      const link = tellingOnce(linkOf(hub, identity), answered);
      const { cluster } = identity;
      const isChecking = drawn(behaviour.seed, cluster, 'verify') < behaviour.verifyShare;
      agents.push(
        startLogicalAgent({
          cluster,
          behaviour,
          blobs,
          counter,
          clock: systemClock,
          link,
          verify: isChecking ? verify : () => true,
        }),
      );
    }
  };
  return {
    counter,
    add(identities) {
      waiting.push(...identities);
      fill();
    },
    async stop() {
      waiting.length = 0;
      await Promise.all(agents.map((agent) => agent.stop()));
    },
  };
}

/** The agent's own end of the transport. */
function linkOf({ transport, address, caPem }: HubToDial, agent: SimulatedIdentity): HubLink {
  const { cluster, keyPem, certificatePem, nats } = agent;
  const identity = (): { keyPem: string; certificatePem: string } => ({ keyPem, certificatePem });
  if (transport === 'grpc') return grpcLink({ address, caPem, identity });
  if (!nats) throw new Error(`Cannot dial as ${cluster}: it was made without a user of the broker`);
  return natsLink({ cluster, address, caPem, identity, user: () => nats });
}

/** Calls back when the first attempt was answered, well or not. */
function tellingOnce(link: HubLink, answered: () => void): HubLink {
  let tell: (() => void) | undefined = answered;
  const once = (): void => {
    tell?.();
    tell = undefined;
  };
  return { connect: (handler, signal) => link.connect(handler, signal).finally(once) };
}

/** As an agent checks heads; each key is read once for the whole crowd. */
function verifier(keys: readonly VerifyingKey[]): (head: SignedHead) => boolean {
  const known = new Map<string, KeyObject>(
    keys.map(({ keyId, publicKey }) => [
      keyId,
      createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' }),
    ]),
  );
  return ({ bytes, signature, keyId }) => {
    const key = known.get(keyId);
    return key !== undefined && verifyBytes(null, bytes, key, signature);
  };
}
