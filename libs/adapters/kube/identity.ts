import { assertIdentity, type Identity } from '@fairlead/ports/cluster';

/**
 * The headers that make a call with the rights of a service account; none for the caller's own. The groups are those
 * that the API server gives a service account's own token. Throws `InvalidInput` for an identity that names nobody.
 */
export function impersonation(identity: Identity): Record<string, string | string[]> {
  assertIdentity(identity);
  if (identity.as === 'self') return {};
  const { namespace, name } = identity;
  return {
    'Impersonate-User': `system:serviceaccount:${namespace}:${name}`,
    'Impersonate-Group': ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}
