import { writeFile } from 'node:fs/promises';

import type { Credential } from './certificates.ts';

/** How a user proves who they are. */
export type Login = Credential | { readonly token: string };

/** The cluster that a kubeconfig points at. */
export interface Address {
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function userOf(login: Login): object {
  if ('token' in login) return { token: login.token };
  return { 'client-certificate-data': base64(login.certPem), 'client-key-data': base64(login.keyPem) };
}

/** The text of a kubeconfig with one context, named as the cluster; JSON, which is YAML too. */
export function kubeconfig(address: Address, login: Login): string {
  const { name } = address;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: address.server, 'certificate-authority-data': base64(address.caPem) } }],
    users: [{ name, user: userOf(login) }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Writes {@link kubeconfig} to a file that only this user can read. */
export async function writeKubeconfigFile(path: string, options: { address: Address; login: Login }): Promise<void> {
  await writeFile(path, kubeconfig(options.address, options.login), { mode: 0o600 });
}
