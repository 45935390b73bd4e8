/** What a hub process is started with. */
export interface HubFlags {
  /** URL of the fleet repository, without credentials. */
  readonly fleet: string;
  readonly branch: string;
  readonly data: string;
  /** `HOST:PORT` of API and webhook. */
  readonly listen: string;
  /** `HOST:PORT` of the gateway. */
  readonly grpc: string;
  readonly pollMs: number;
  readonly tools: readonly { readonly name: 'kustomize' | 'helm'; readonly version: string; readonly path: string }[];
  /** Further names or addresses under which agents and people reach the hub. */
  readonly names: readonly string[];
  /** A file with an authority that git servers' certificates may be signed by. */
  readonly gitCa?: string;
  /** For the fleet repository. */
  readonly username?: string;
  /** A file that holds the password or token; the words themselves never stand on a command line. */
  readonly passwordFile?: string;
  /** Where promotions are asked for, with the token of `passwordFile`. */
  readonly forge?: string;
}

/** The command line of `hub/main.mjs`. */
export function hubArguments(flags: HubFlags): string[] {
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['--fleet', flags.fleet],
    ['--branch', flags.branch],
    ['--data', flags.data],
    ['--listen', flags.listen],
    ['--grpc', flags.grpc],
    ['--poll-ms', String(flags.pollMs)],
    ...flags.tools.map(({ name, version, path }) => [`--${name}`, `${version}=${path}`] as const),
    ...flags.names.map((name) => ['--name', name] as const),
    ['--git-ca', flags.gitCa],
    ['--username', flags.username],
    ['--password-file', flags.passwordFile],
    ['--forge', flags.forge],
  ];
  return pairs.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}
