import { assertIdentity, type Identity } from '@fairlead/ports/cluster';

/**
 * The header that makes a call with the rights of a service account; none for the caller's own. The groups of a service
 * account are left to the API server, which adds those that the account's own token would have: naming them would take
 * the right to impersonate groups, in the whole cluster. Throws `InvalidInput` for an identity that names nobody.
 */
export function impersonation(identity: Identity): Record<string, string> {
  assertIdentity(identity);
  if (identity.as === 'self') return {};
  return { 'Impersonate-User': `system:serviceaccount:${identity.namespace}:${identity.name}` };
}
