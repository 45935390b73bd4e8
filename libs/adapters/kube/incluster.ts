import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FairleadError } from '@fairlead/core/model';
import { connectCluster, type ClusterConnection, type ConnectOptions } from './connect.ts';

/** Where kubelet puts a Pod's service account, and the address that it tells. */
export interface InClusterOptions extends Omit<ConnectOptions, 'server' | 'caPem' | 'credentials'> {
  /** `/var/run/secrets/kubernetes.io/serviceaccount` if unset. */
  readonly folder?: string;
  /** Of the process, if unset. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The cluster that this Pod runs in, and the namespace of the Pod. Throws `FailedPrecondition` outside of one. */
export function inCluster(options: InClusterOptions = {}): { api: ClusterConnection; namespace: string } {
  const { folder = '/var/run/secrets/kubernetes.io/serviceaccount', environment = process.env, ...rest } = options;
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (!host || !port)
    throw notInCluster('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set', undefined);
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const caPem = read(join(folder, 'ca.crt'));
  const namespace = read(join(folder, 'namespace')).trim();
  return {
    api: connectCluster({ ...rest, server, caPem, credentials: { tokenFile: join(folder, 'token') } }),
    namespace,
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw notInCluster(`${path} cannot be read`, cause);
  }
}

function notInCluster(why: string, cause: unknown): FairleadError {
  return new FairleadError(
    `Cannot use the cluster of this Pod: ${why}; run inside a Pod with a mounted service account, or name a kubeconfig`,
    {
      code: 'FailedPrecondition',
      reason: 'InvalidArgument',
      cause,
    },
  );
}
