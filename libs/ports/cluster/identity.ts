import { FairleadError } from '@fairlead/core/model';
import type { Identity } from './port.ts';

const subdomain = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * Throws `InvalidInput` for an empty or malformed identity: without its headers a call would run with the agent's own
 * rights. The check is here so that fake and adapter refuse alike.
 */
export function assertIdentity(identity: Identity): void {
  if (identity?.as === 'self') return;
  const { namespace = '', name = '' } = identity?.as === 'serviceAccount' ? identity : {};
  if (subdomain.test(namespace) && subdomain.test(name)) return;
  throw new FairleadError(
    `Cannot call the API server: current identity is the service account "${name}" in the namespace "${namespace}", which names nobody; name an existing service account and its namespace`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}
