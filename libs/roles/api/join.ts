import { dump } from 'js-yaml';
import { agentImage, agentInstallManifest, type InstallNats } from '@fairlead/core/install';
import { FairleadError } from '@fairlead/core/model';
import type { Actions } from './writes.ts';
import { makeToken, type TokenPorts } from '@fairlead/shell/gateway';

/** How long a join token may be used. */
const tokenLifetimeMs = 3_600_000;

/** Makes the one-use token of a cluster and the manifest that carries it. */
export function createJoin(parts: {
  readonly tokens: TokenPorts;
  address(): string;
  readonly caPem: string;
  readonly serviceAccounts: () => readonly string[];
}): Actions['createJoin'] {
  return async (given, person) => {
    checkNats(given);
    const { token, expiresAtMs } = await makeToken(parts.tokens, {
      cluster: given.name,
      labels: given.labels,
      ttlMs: tokenLifetimeMs,
      by: person.name,
    });
    const objects = agentInstallManifest({
      clusterName: given.name,
      hub: parts.address(),
      caPem: parts.caPem,
      joinToken: token,
      image: given.image ?? agentImage,
      profile: given.profile,
      teamServiceAccounts: parts.serviceAccounts(),
      ...natsOf(given),
    });
    return {
      name: given.name,
      token,
      expiresAtMs,
      manifest: objects.map((object) => dump(object, { noRefs: true, lineWidth: 120 })).join('---\n'),
    };
  };
}

type Given = Parameters<Actions['createJoin']>[0];

function natsOf({ transport, natsAddress, natsCaPem }: Given): { nats?: InstallNats } {
  if (transport !== 'nats') return {};
  const address = natsAddress === undefined ? {} : { address: natsAddress };
  return { nats: { ...address, ...(natsCaPem === undefined ? {} : { caPem: natsCaPem }) } };
}

/** Found before a token is made; a broker's address means nothing to an agent over gRPC. */
function checkNats({ transport, natsAddress, natsCaPem }: Given): void {
  if (transport === 'nats' || (natsAddress === undefined && natsCaPem === undefined)) return;
  throw new FairleadError(
    'Cannot make a join token: natsAddress or natsCaPem is given, and transport is grpc. Give transport nats, or leave them out.',
    { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: 'transport' } },
  );
}
