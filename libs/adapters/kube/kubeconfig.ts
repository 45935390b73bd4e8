import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { load } from 'js-yaml';
import { FairleadError } from '@fairlead/core/model';
import { connectCluster, type ClusterConnection, type ConnectOptions } from './connect.ts';
import type { Credentials } from './credentials.ts';

/** What else a connection by kubeconfig may say. */
export type KubeconfigOptions = Omit<ConnectOptions, 'server' | 'caPem' | 'credentials' | 'tlsServerName'> & {
  /** The file's `current-context` if unset. */
  readonly context?: string;
};

interface Named {
  readonly name?: string;
}
interface Cluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
}
interface User {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: unknown;
  readonly 'auth-provider'?: unknown;
}
interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: readonly (Named & {
    readonly context?: { readonly cluster?: string; readonly user?: string; readonly namespace?: string };
  })[];
  readonly clusters?: readonly (Named & { readonly cluster?: Cluster })[];
  readonly users?: readonly (Named & { readonly user?: User })[];
}

/**
 * The cluster of a kubeconfig's context. Tokens and certificates are read here; plug-ins (`exec`, `auth-provider`) run
 * through @kubernetes/client-node, loaded only then. Throws `InvalidInput` that names what is missing in the file; a
 * context that turns off the check of the server's certificate is refused.
 */
export async function fromKubeconfig(
  path: string,
  options: KubeconfigOptions = {},
): Promise<{ api: ClusterConnection; context: string; namespace: string }> {
  const { context: wanted, ...rest } = options;
  const { context, namespace, cluster, user } = choose(path, wanted);
  const caPem = pem(path, cluster['certificate-authority-data'], cluster['certificate-authority']);
  const needsPlugin = user.exec !== undefined || user['auth-provider'] !== undefined;
  const api = connectCluster({
    ...rest,
    server: cluster.server ?? '',
    ...(caPem === undefined ? {} : { caPem }),
    ...(cluster['tls-server-name'] === undefined ? {} : { tlsServerName: cluster['tls-server-name'] }),
    credentials: needsPlugin ? await pluggedIn(path, context) : written(path, user),
  });
  return { api, context, namespace };
}

interface Choice {
  readonly context: string;
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly user: User;
}

function choose(path: string, wanted: string | undefined): Choice {
  const file = parse(path);
  const context = wanted ?? file['current-context'] ?? '';
  const chosen = file.contexts?.find((each) => each.name === context)?.context;
  const known = (file.contexts ?? []).map((each) => each.name).join(', ');
  if (chosen === undefined) throw invalid(path, `it has no context "${context}"`, `name one of: ${known || 'none'}`);
  const cluster = file.clusters?.find((each) => each.name === chosen.cluster)?.cluster;
  if (!cluster?.server) throw invalid(path, `its cluster "${chosen.cluster ?? ''}" has no server`, 'add it');
  if (cluster['insecure-skip-tls-verify'])
    throw invalid(path, 'it sets insecure-skip-tls-verify', 'give certificate-authority-data instead');
  if (cluster['proxy-url'] !== undefined)
    throw invalid(path, 'it sets proxy-url, which is not supported', 'give an address that can be reached directly');
  const user = file.users?.find((each) => each.name === chosen.user)?.user;
  if (user === undefined) throw invalid(path, `its user "${chosen.user ?? ''}" is missing`, 'add it');
  return { context, namespace: chosen.namespace ?? 'default', cluster, user };
}

function parse(path: string): Kubeconfig {
  let file: unknown;
  try {
    file = load(readText(path, path));
  } catch (error) {
    if (error instanceof FairleadError) throw error;
    // The parser's message quotes the text around the error, which may be a key: it is not passed on.
    throw invalid(path, 'it is not YAML', 'give the path of a kubeconfig');
  }
  if (typeof file === 'object' && file !== null) return file;
  throw invalid(path, 'it holds no mapping', 'give the path of a kubeconfig');
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error';
    throw invalid(path, `${file} cannot be read (${why})`, 'put the file there, or give another kubeconfig');
  }
}

function written(path: string, user: User): Credentials {
  if (user.tokenFile) return { tokenFile: resolve(dirname(path), user.tokenFile) };
  if (user.token) return { token: user.token };
  const clientCert = pem(path, user['client-certificate-data'], user['client-certificate']);
  const clientKey = pem(path, user['client-key-data'], user['client-key']);
  if (clientCert !== undefined && clientKey !== undefined) return { clientCert, clientKey };
  throw invalid(path, 'its user has neither a token nor a certificate with its key', 'add one of them');
}

/** Data inside the file wins over a path, as with kubectl; paths are relative to the file. */
function pem(path: string, data: string | undefined, file: string | undefined): string | undefined {
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  return file ? readText(path, resolve(dirname(path), file)) : undefined;
}

async function pluggedIn(path: string, context: string): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(path);
  config.setCurrentContext(context);
  const ask = async (): Promise<{ authorization: string; cert?: string; key?: string }> => {
    const answer: { headers?: Record<string, string>; cert?: string | Buffer; key?: string | Buffer } = {};
    try {
      await config.applyToHTTPSOptions(answer as Parameters<typeof config.applyToHTTPSOptions>[0]);
    } catch (cause) {
      throw pluginFailed(path, cause);
    }
    const authorization = answer.headers?.['Authorization'] ?? '';
    if (answer.cert === undefined || answer.key === undefined) return { authorization };
    return { authorization, cert: answer.cert.toString(), key: answer.key.toString() };
  };
  const first = await ask();
  // The plug-in's answer is cached until it runs out by client-node itself.
  const authorization = async (): Promise<string> => (await ask()).authorization;
  return first.cert === undefined || first.key === undefined
    ? { authorization }
    : { authorization, clientCert: first.cert, clientKey: first.key };
}

function invalid(path: string, current: string, next: string): FairleadError {
  return new FairleadError(`Cannot use the kubeconfig ${path}: ${current}; ${next}`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
    subject: { file: path },
  });
}

function pluginFailed(path: string, cause: unknown): FairleadError {
  const why = (cause instanceof Error ? cause.message : String(cause)).trim().slice(0, 500);
  return new FairleadError(
    `Cannot sign in by the plug-in that ${path} names: ${why}; run it by hand to see that it works`,
    {
      code: 'Unauthenticated',
      reason: 'CredentialsMissing',
      subject: { file: path },
      retry: 'backoff',
      cause,
    },
  );
}
