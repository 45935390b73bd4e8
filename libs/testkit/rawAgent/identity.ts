import { makeCsr, newAgentKey, openKeys } from '@fairlead/adapters/pki';
import type { ClusterName } from '@fairlead/core/model';

/** A certificate of the hub whose keys lie in this folder, for any name and with a key that no ledger knows. */
export async function identityOf(
  keysFolder: string,
  cluster: ClusterName,
): Promise<{ readonly keyPem: string; readonly certificatePem: string }> {
  const keys = await openKeys(keysFolder, { names: [], now: () => Date.now() });
  const key = await newAgentKey();
  const { certificatePem } = await keys.issueClient(await makeCsr(key, cluster), cluster);
  return { keyPem: key.privatePem, certificatePem };
}

/** What a new cluster asks a certificate for its key with, which nobody keeps. */
export async function requestOf(cluster: ClusterName): Promise<string> {
  return makeCsr(await newAgentKey(), cluster);
}
