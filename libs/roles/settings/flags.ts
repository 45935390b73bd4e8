import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busOf, checkBrokers, storeOf } from './choices.ts';
import type { Address, Program, Settings } from './settings.ts';

interface Flag {
  /** What stands for its value in the help. */
  readonly value?: string;
  /** Programs that it means something to. */
  readonly for: readonly Program[];
  /** Programs that cannot do without it. */
  readonly needed?: readonly Program[];
  readonly multiple?: true;
  readonly help: string;
}

const every: readonly Program[] = ['hub', 'planner', 'sources', 'gateway', 'api'];
const readers: readonly Program[] = ['hub', 'planner', 'api'];
const planners: readonly Program[] = ['hub', 'planner'];
const withFiles: readonly Program[] = ['hub', 'planner', 'sources', 'api'];
const apart: readonly Program[] = ['planner', 'sources', 'gateway', 'api'];
const listeners: readonly Program[] = ['hub', 'sources', 'gateway', 'api'];

/** Every flag, for whom it is, and what it says. */
const flags = {
  fleet: { value: 'URL', for: readers, needed: readers, help: 'the fleet repository (http or https)' },
  branch: { value: 'NAME', for: readers, help: 'its branch (default: main)' },
  username: { value: 'NAME', for: readers, help: 'for the fleet repository (default: git)' },
  'password-file': { value: 'FILE', for: readers, help: 'its password or token; read at each use, never stored' },
  'signing-key': {
    value: 'FILE',
    for: readers,
    help: "an OpenSSH private key (ed25519 or rsa) that the hub's commits are signed with; read at each use",
  },
  forge: {
    value: 'github',
    for: planners,
    help: 'where promotions are asked for, in the mode PullRequest of the ledger',
  },
  'forge-token-file': {
    value: 'FILE',
    for: planners,
    help: 'a token that may write pull requests (default: that of --password-file)',
  },
  'forge-api': { value: 'URL', for: planners, help: 'its API (default: by the host of --fleet)' },
  'check-host': {
    value: 'HOST[:PORT]',
    for: planners,
    multiple: true,
    help: 'a server that gates may ask, and no others (check, metric); with its port where that is not the usual one',
  },
  'poll-ms': { value: 'MS', for: withFiles, help: 'pause between two cheap checks of a repository (default: 5000)' },
  'git-ca': { value: 'FILE', for: withFiles, help: "an authority that git servers' certificates may be signed by" },
  data: {
    value: 'DIR',
    for: withFiles,
    needed: withFiles,
    help: 'folder for copies of repositories, of this process alone; made with mode 0700 (hub: also keys and store)',
  },
  keys: {
    value: 'DIR',
    for: every,
    needed: apart,
    help: "the hub's keys; a role needs only its own files of them (hub: default is DATA)",
  },
  credentials: {
    value: 'DIR',
    for: ['hub', 'sources'],
    help: 'NAME/username and NAME/password of the sources that need them (default: KEYS/credentials)',
  },
  people: {
    value: 'DIR',
    for: ['hub', 'api'],
    help: 'a file NAME with a token for each person who may call the API (default: KEYS/people)',
  },
  'make-keys': { for: ['hub'], help: 'makes in --keys all files that roles apart need, for --name HOST, and ends' },
  store: {
    value: 'FILE-OR-URL',
    for: every,
    needed: apart,
    help: 'the record: a file (hub: default is DATA/store/hub.db), or postgres://USER@HOST:PORT/DB',
  },
  'store-password-file': { value: 'FILE', for: every, help: 'the password of the PostgreSQL user' },
  'store-ca': { value: 'FILE', for: every, help: "the authority of PostgreSQL's certificate" },
  bus: {
    value: 'nats://HOST:PORT',
    for: every,
    needed: apart,
    help: 'what carries doorbells between processes; servers of a cluster with commas (hub: default is inside the process)',
  },
  'bus-credentials': { value: 'FILE', for: every, help: 'credentials for it: a JWT and seed, or a seed alone' },
  'bus-replicas': {
    value: 'N',
    for: every,
    help: 'how many servers of a cluster keep what the bus carries: 1, 3 or 5 (default: as it is; 1 for a new one)',
  },
  'bus-ca': { value: 'FILE', for: every, help: 'the authority of its certificate' },
  listen: {
    value: 'HOST:PORT',
    for: listeners,
    help: 'HTTPS: status API, enrolment, webhooks, each at its role (default: 127.0.0.1:8443; port 0 takes a free one)',
  },
  grpc: {
    value: 'HOST:PORT',
    for: ['hub', 'gateway'],
    help: "agents' streams over mutual TLS (default: 127.0.0.1:8444)",
  },
  'grpc-name': {
    value: 'HOST:PORT',
    for: ['hub', 'gateway'],
    help: 'where agents are told to stream to (default: the first --name and the port of --grpc)',
  },
  gateway: {
    value: 'HOST:PORT',
    for: ['api'],
    needed: ['api'],
    help: 'where agents enrol, as join manifests say it: the HTTPS side of the gateways',
  },
  name: {
    value: 'HOST',
    for: listeners,
    multiple: true,
    help: 'a name or address under which it is reached; may be repeated, and others are told the first one',
  },
  'agents-nats': {
    value: 'nats://HOST:PORT',
    for: ['hub', 'gateway'],
    help: 'agents may stream over this broker too; servers of a cluster with commas',
  },
  'agents-nats-name': {
    value: 'nats://HOST:PORT',
    for: ['hub', 'gateway'],
    help: 'the address of it that agents are handed (default: the same)',
  },
  'agents-nats-credentials': {
    value: 'FILE',
    for: ['hub', 'gateway'],
    help: "the gateways' own credentials for it (default: nats-gateways.creds in --keys)",
  },
  'agents-nats-ca': {
    value: 'FILE',
    for: ['hub', 'gateway'],
    help: 'the authority of its certificate, for agents too',
  },
  kustomize: { value: 'VERSION=PATH', for: ['hub', 'sources'], multiple: true, help: 'a kustomize binary' },
  helm: { value: 'VERSION=PATH', for: ['hub', 'sources'], multiple: true, help: 'a helm binary' },
  metrics: { value: 'HOST:PORT', for: every, help: 'plain HTTP: /metrics, /healthz, /readyz (default: none)' },
  otlp: { value: 'URL', for: every, help: 'traces by OTLP over HTTP (default: none)' },
} as const satisfies Readonly<Record<string, Flag>>;

type Name = keyof typeof flags;
type Values = { readonly [key in Name]?: string | boolean | readonly string[] };

/** What a program takes on its command line. */
export function usageOf(program: Program): string {
  const own = Object.entries<Flag>(flags).filter(([, flag]) => flag.for.includes(program));
  const heads = own.map(([name, { value = '' }]) => `--${name} ${value}`.trimEnd());
  const width = Math.max(...heads.map((head) => head.length)) + 2;
  const needed = own.flatMap(([, { needed }], at) => (needed?.includes(program) ? [heads[at]] : []));
  const lines = own.map(([, { help, multiple }], at) => {
    const more = multiple ? '; may be repeated' : '';
    return `  ${(heads[at] ?? '').padEnd(width)}${help}${help.includes('repeated') ? '' : more}`;
  });
  return `fairlead-${program} ${needed.join(' ')} [options]\n\n${lines.join('\n')}\n`;
}

/**
 * Reads the command line of a program. Throws an `Error` whose message names the flag: one that the program has no use
 * for, one that is missing, and mixes that cannot work.
 */
export function readSettings(program: Program, args: readonly string[]): Settings {
  const options = Object.fromEntries(
    Object.entries<Flag>(flags).map(([name, { value, multiple = false }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple },
    ]),
  );
  const given = parseArgs({ args: [...args], options }).values as Values;
  for (const name of Object.keys(given) as Name[]) refuseForeign(program, name);
  const makeKeys = given['make-keys'] === true;
  for (const [name, { needed }] of Object.entries<Flag>(flags)) {
    if (needed?.includes(program) && given[name as Name] === undefined && !makeKeys)
      throw new Error(`--${name} is needed. See --help.`);
  }
  if (makeKeys && given.keys === undefined) throw new Error('--make-keys needs --keys DIR: where they are made');
  return settingsOf(program, given);
}

function refuseForeign(program: Program, name: Name): void {
  const { for: programs }: Flag = flags[name];
  if (programs.includes(program)) return;
  throw new Error(`--${name} means nothing to the ${program}: it is for ${programs.join(', ')}. Take it out.`);
}

function settingsOf(program: Program, given: Values): Settings {
  const text = (name: Name): string | undefined => given[name] as string | undefined;
  const list = (name: Name): readonly string[] => (given[name] as readonly string[] | undefined) ?? [];
  const optional = <Key extends string>(key: Key, name: Name) => {
    const value = text(name);
    return (value === undefined ? {} : { [key]: value }) as { [one in Key]?: string };
  };
  const dataFolder = text('data') ?? '';
  const metrics = text('metrics');
  const agentsNats = agentsBroker(text);
  const forge = forgeOf(text);
  return {
    fleetUrl: text('fleet') ?? '',
    branch: text('branch') ?? 'main',
    username: text('username') ?? 'git',
    ...optional('passwordFile', 'password-file'),
    ...optional('signingKeyFile', 'signing-key'),
    ...optional('gitCaFile', 'git-ca'),
    ...(forge === undefined ? {} : { forge }),
    checkHosts: list('check-host').map(checkHost),
    pollMs: wholeNumber('--poll-ms', text('poll-ms') ?? '5000'),
    dataFolder,
    keysFolder: text('keys') ?? dataFolder,
    ...optional('peopleFolder', 'people'),
    ...optional('credentialsFolder', 'credentials'),
    makeKeys: given['make-keys'] === true,
    store: storeOf(program, {
      at: text('store') ?? join(dataFolder, 'store/hub.db'),
      ...optional('passwordFile', 'store-password-file'),
      ...optional('caFile', 'store-ca'),
    }),
    bus: busOf({
      servers: text('bus'),
      ...optional('credentialsFile', 'bus-credentials'),
      ...optional('caFile', 'bus-ca'),
      ...optional('replicas', 'bus-replicas'),
    }),
    listen: address('--listen', text('listen') ?? '127.0.0.1:8443'),
    grpc: address('--grpc', text('grpc') ?? '127.0.0.1:8444'),
    ...optional('grpcName', 'grpc-name'),
    ...optional('gateway', 'gateway'),
    ...(agentsNats === undefined ? {} : { agentsNats }),
    names: list('name'),
    kustomize: list('kustomize').map((one) => tool('--kustomize', one)),
    helm: list('helm').map((one) => tool('--helm', one)),
    ...(metrics === undefined ? {} : { metrics: address('--metrics', metrics) }),
    ...optional('otlp', 'otlp'),
  };
}

/** As URLs have it. */
function checkHost(text: string): string {
  const url = URL.parse(`http://${text}`);
  if (url === null || !/^[^/?#@\s]+$/.test(text)) throw new Error(`--check-host is ${text}: write HOST or HOST:PORT`);
  return text.toLowerCase();
}

function forgeOf(text: (name: Name) => string | undefined): Settings['forge'] {
  const kind = text('forge');
  const [tokenFile, apiUrl] = [text('forge-token-file'), text('forge-api')];
  if (kind === undefined) {
    if (tokenFile !== undefined || apiUrl !== undefined)
      throw new Error('--forge-token-file and --forge-api need --forge: what they are of');
    return undefined;
  }
  if (kind !== 'github') throw new Error(`--forge is ${kind}: write github`);
  if (apiUrl !== undefined && !/^https?:\/\//.test(apiUrl))
    throw new Error(`--forge-api is ${apiUrl}: write https://HOST/...`);
  const token = tokenFile ?? text('password-file');
  if (token === undefined)
    throw new Error('--forge needs --forge-token-file, or --password-file: it opens pull requests');
  return { kind, tokenFile: token, ...(apiUrl === undefined ? {} : { apiUrl }) };
}

function agentsBroker(text: (name: Name) => string | undefined): Settings['agentsNats'] {
  const at = text('agents-nats');
  const credentialsFile = text('agents-nats-credentials');
  const caFile = text('agents-nats-ca');
  if (at === undefined) {
    if ([credentialsFile, caFile, text('agents-nats-name')].some((given) => given !== undefined))
      throw new Error(
        '--agents-nats-name, --agents-nats-credentials and --agents-nats-ca need --agents-nats: the broker that they are of',
      );
    return undefined;
  }
  const name = text('agents-nats-name') ?? at;
  checkBrokers('--agents-nats', at);
  checkBrokers('--agents-nats-name', name);
  return {
    address: at,
    name,
    ...(credentialsFile === undefined ? {} : { credentialsFile }),
    ...(caFile === undefined ? {} : { caFile }),
  };
}

function address(flag: string, text: string): Address {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${flag} is ${text}: write HOST:PORT`);
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port };
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 100)
    throw new Error(`${flag} is ${text}: write a whole number of at least 100`);
  return value;
}

function tool(flag: string, text: string): { version: string; path: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`${flag} is ${text}: write VERSION=PATH`);
  return { version: text.slice(0, at).replace(/^v/, ''), path: text.slice(at + 1) };
}
