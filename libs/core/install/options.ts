import { FairleadError, isBrokerAddress, isName } from '@fairlead/core/model';

/** What the install manifest of an agent is made for. */
export interface InstallOptions {
  /** The name that the join token is bound to. */
  readonly clusterName: string;
  /** `fairlead-system` if unset. */
  readonly namespace?: string;
  /** Where the agent dials: `HOST:PORT`. */
  readonly hub: string;
  /** The hub's certificate authority, pinned from the first call on. */
  readonly caPem: string;
  /** One-use and short-lived. */
  readonly joinToken: string;
  readonly image: string;
  /** The ClusterRole that bounds what applications without an account of their own may do: the owner's choice, never ours. */
  readonly profile: string;
  /** More service accounts in the agent's namespace, for teams; what they may do is bound elsewhere. */
  readonly teamServiceAccounts?: readonly string[];
  /** The agent's stream goes over NATS instead of gRPC. */
  readonly nats?: InstallNats;
}

/** Which broker an agent dials; what is unset is as the hub says at enrolment. */
export interface InstallNats {
  /** `nats://HOST:PORT` or `tls://HOST:PORT` of a broker nearer by, such as a leaf node. */
  readonly address?: string;
  /** The authority of its certificate. */
  readonly caPem?: string;
}

/** Options with defaults filled in. */
export type Install = Required<Omit<InstallOptions, 'nats'>> & Pick<InstallOptions, 'nats'>;

/** The service accounts that the manifest makes. */
export const accounts = {
  agent: 'fairlead-agent',
  applier: 'fairlead-applier',
  upgrader: 'fairlead-upgrader',
} as const;

/** The Deployment that an upgrade may patch, and nothing else. */
export const agentDeployment = 'fairlead-agent';

/** ClusterRoles with this label, set to `true`, add kinds to what the agent reads. */
export const aggregationLabel = 'fairlead.dev/aggregate-to-agent';

/** The image of the agent unless somebody names another: charts and plain manifests name the same. */
export const agentImage = 'ghcr.io/fairlead/agent:0.1.0';

/** Where the agent finds things in its container, and where it answers probes. */
export const agentPaths = {
  joinToken: '/var/run/fairlead/join/token',
  hubCa: '/var/run/fairlead/join/ca.crt',
  natsCa: '/var/run/fairlead/join/nats-ca.crt',
  healthPort: 8081,
  live: '/livez',
  ready: '/readyz',
} as const;

/** Fills in defaults and checks; throws `InvalidInput` that names the field. Token and certificate are never quoted. */
export function checkedOptions(options: InstallOptions): Install {
  const { namespace = 'fairlead-system', teamServiceAccounts = [] } = options;
  const names = { clusterName: options.clusterName, namespace };
  for (const [field, name] of Object.entries(names)) if (!isName(name)) throw invalid(field, name);
  for (const name of teamServiceAccounts) {
    const taken = Object.values<string>(accounts).includes(name);
    if (!isName(name) || taken) throw invalid('teamServiceAccounts', name);
  }
  if (!/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/.test(options.profile)) throw invalid('profile', options.profile);
  if (!/^[^\s/]+:\d{1,5}$/.test(options.hub)) throw invalid('hub', options.hub);
  if (options.image.trim() === '') throw invalid('image', options.image);
  if (!/^[\x21-\x7e]+$/.test(options.joinToken)) throw invalid('joinToken', 'not one printable word');
  if (!pem.test(options.caPem)) throw invalid('caPem', 'no PEM certificate');
  checkNats(options.nats ?? {});
  return { ...options, namespace, teamServiceAccounts: [...new Set(teamServiceAccounts)].sort() };
}

const pem = /^-----BEGIN CERTIFICATE-----[\s\x20-\x7e]+-----END CERTIFICATE-----\s*$/;

function checkNats({ address, caPem }: InstallNats): void {
  if (address !== undefined && !isBrokerAddress(address)) throw invalid('nats.address', address);
  if (caPem !== undefined && !pem.test(caPem)) throw invalid('nats.caPem', 'no PEM certificate');
}

function invalid(field: string, current: string): FairleadError {
  return new FairleadError(`Cannot make the install manifest: ${field} is "${current}"; give ${wanted[field]}`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
    subject: { field },
  });
}

const wanted: Readonly<Record<string, string>> = {
  clusterName: 'a DNS-1123 label',
  namespace: 'a DNS-1123 label',
  teamServiceAccounts: `DNS-1123 labels other than ${Object.values(accounts).join(', ')}`,
  profile: 'the name of a ClusterRole, such as cluster-admin',
  hub: 'HOST:PORT',
  image: 'the reference of the agent image',
  joinToken: 'the token that the hub printed',
  caPem: 'the certificate of the hub in PEM',
  'nats.address': 'nats://HOST:PORT or tls://HOST:PORT, several with commas in between',
  'nats.caPem': "the authority of the broker's certificate in PEM",
};
