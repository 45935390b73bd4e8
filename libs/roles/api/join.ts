import { dump } from 'js-yaml';
import { agentImage, agentInstallManifest } from '@fairlead/core/install';
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
    });
    return {
      name: given.name,
      token,
      expiresAtMs,
      manifest: objects.map((object) => dump(object, { noRefs: true, lineWidth: 120 })).join('---\n'),
    };
  };
}
