import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type AuditLevel, auditPolicy } from './auditPolicy.ts';
import { type Authority, createAuthority, createTokenKeys, type Credential } from './certificates.ts';
import { type Address, writeKubeconfigFile } from './kubeconfig.ts';

/** The files and addresses of one control plane; paths are absolute. */
export interface Layout {
  readonly name: string;
  readonly folder: string;
  readonly server: string;
  readonly serverPort: number;
  readonly etcdUrl: string;
  readonly etcdData: string;
  readonly caPem: string;
  readonly admin: Credential;
  /** Any file of the control plane by its role; see {@link writeLayout}. */
  readonly file: (path: string) => string;
}

const serviceCidr = '10.96.0.0/16';
/** First address of the service range, by which pods would reach the API server. */
const serverServiceIp = '10.96.0.1';

/** The range from which Services get their addresses. */
export const serviceRange = serviceCidr;

const serverNames = [
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: serverServiceIp },
  { type: 'dns', value: 'localhost' },
  { type: 'dns', value: 'kubernetes.default.svc' },
] as const;

const components = {
  'kube-controller-manager': { commonName: 'system:kube-controller-manager' },
  'kube-scheduler': { commonName: 'system:kube-scheduler' },
  kwok: { commonName: 'kwok', organization: 'system:masters' },
} as const;

function schedulerConfig(kubeconfigPath: string): object {
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    clientConnection: { kubeconfig: kubeconfigPath, qps: 300, burst: 600 },
  };
}

async function writeKeys(file: Layout['file'], authority: Authority): Promise<void> {
  const serving = await authority.issue({ commonName: 'kube-apiserver', serverNames });
  const tokens = createTokenKeys();
  const texts = {
    'pki/ca.crt': authority.certPem,
    'pki/ca.key': authority.keyPem,
    'pki/server.crt': serving.certPem,
    'pki/server.key': serving.keyPem,
    'pki/tokens.key': tokens.privatePem,
    'pki/tokens.pub': tokens.publicPem,
  };
  await Promise.all(Object.entries(texts).map(([path, text]) => writeFile(file(path), text, { mode: 0o600 })));
}

async function writeKubeconfigs(
  file: Layout['file'],
  options: { address: Address; authority: Authority },
): Promise<Credential> {
  const { address, authority } = options;
  const admin = await authority.issue({ commonName: 'admin', organization: 'system:masters' });
  await writeKubeconfigFile(file('kubeconfig'), { address, login: admin });
  for (const [name, holder] of Object.entries(components)) {
    await writeKubeconfigFile(file(`${name}.kubeconfig`), { address, login: await authority.issue(holder) });
  }
  return admin;
}

/**
 * Writes everything that a control plane's servers read: a fresh authority and keys (`pki/`), the
 * kubeconfig of the administrator and one for each component, audit policy and scheduler configuration.
 */
export async function writeLayout(
  folder: string,
  options: { name: string; ports: { server: number; etcd: number }; audit: AuditLevel | undefined },
): Promise<Layout> {
  const { name, ports, audit } = options;
  const file = (path: string): string => join(folder, path);
  await mkdir(file('pki'), { recursive: true });
  const authority = await createAuthority(`fairlead test cluster ${name}`);
  const server = `https://127.0.0.1:${ports.server}`;
  const address = { name, server, caPem: authority.certPem };
  await writeKeys(file, authority);
  const admin = await writeKubeconfigs(file, { address, authority });
  await writeFile(file('scheduler.json'), JSON.stringify(schedulerConfig(file('kube-scheduler.kubeconfig'))));
  if (audit) await writeFile(file('audit-policy.json'), JSON.stringify(auditPolicy(audit)));
  return {
    name,
    folder,
    server,
    serverPort: ports.server,
    etcdUrl: `http://127.0.0.1:${ports.etcd}`,
    etcdData: file('etcd'),
    caPem: authority.certPem,
    admin,
    file,
  };
}
