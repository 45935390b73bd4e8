import type { BusChoice, Program, StoreChoice } from './settings.ts';

/** Reads `--store`. Throws an `Error` that names the flag; roles apart share their record, so a file is refused. */
export function storeOf(
  program: Program,
  given: { readonly at: string; readonly passwordFile?: string; readonly caFile?: string },
): StoreChoice {
  const { at, ...rest } = given;
  if (/^postgres(ql)?:\/\//.test(at)) {
    checkUrl('--store', { text: at, protocols: ['postgres:', 'postgresql:'] });
    return { kind: 'postgres', url: at, ...rest };
  }
  if (/^\w+:\/\//.test(at)) throw new Error(`--store is ${at}: write a file, or postgres://USER@HOST:PORT/DB`);
  if (program !== 'hub')
    throw new Error(
      `--store is the file ${at}: SQLite belongs to one process, and the ${program} is one of several. Write postgres://USER@HOST:PORT/DB, or run the hub, which is all roles in one process.`,
    );
  if (Object.keys(rest).length > 0)
    throw new Error(
      '--store-password-file and --store-ca are for PostgreSQL: write --store postgres://USER@HOST:PORT/DB',
    );
  return { kind: 'sqlite', file: at };
}

/** Reads `--bus`; without it the bus is inside the process. Throws an `Error` that names the flag. */
export function busOf(given: {
  readonly servers: string | undefined;
  readonly credentialsFile?: string;
  readonly caFile?: string;
  readonly replicas?: string;
}): BusChoice {
  const { servers, replicas, ...rest } = given;
  if (servers === undefined) {
    if (Object.keys(rest).length > 0 || replicas !== undefined)
      throw new Error(
        '--bus-credentials, --bus-ca and --bus-replicas need --bus nats://HOST:PORT: the server that they are of',
      );
    return { kind: 'in-process' };
  }
  checkBrokers('--bus', servers);
  if (replicas !== undefined && !['1', '3', '5'].includes(replicas))
    throw new Error(`--bus-replicas is ${replicas}: write 1, 3 or 5, and no more than there are servers`);
  return { kind: 'nats', servers, ...rest, ...(replicas !== undefined && { replicas: Number(replicas) }) };
}

/** Holds each server of a broker, with commas between them, to {@link checkUrl}. */
export function checkBrokers(flag: string, servers: string): void {
  for (const text of servers.split(',')) checkUrl(flag, { text, protocols: ['nats:', 'tls:'] });
}

/** Throws an `Error` that names the flag for what is no such URL, and for one that holds a password. */
function checkUrl(
  flag: string,
  { text, protocols }: { readonly text: string; readonly protocols: readonly string[] },
): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const wanted = `${protocols[0] ?? ''}//HOST:PORT`;
  // The text may hold a password, so it is not repeated.
  if (url === undefined || !protocols.includes(url.protocol)) throw new Error(`${flag} is no ${wanted}: write one`);
  if (url.password === '') return;
  throw new Error(
    `${flag} holds a password, which every user of this machine could read: put it into a file and name that by ${flag === '--store' ? '--store-password-file' : `${flag}-credentials`}`,
  );
}
