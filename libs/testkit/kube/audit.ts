import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** What an audited request was about; absent for paths that name no resource, such as /openapi. */
export interface AuditedObject {
  /** Empty for the core group. */
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  /** Empty for collections. */
  readonly name: string;
}

/** One request as the API server's audit log tells it. */
export interface AuditEntry {
  readonly auditId: string;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`… */
  readonly verb: string;
  readonly requestUri: string;
  /** Who signed in. */
  readonly user: string;
  readonly groups: readonly string[];
  /** As whom they acted; undefined when as themselves. */
  readonly impersonatedUser: string | undefined;
  readonly userAgent: string;
  readonly objectRef: AuditedObject | undefined;
  /** HTTP status; 0 where the log has none. */
  readonly code: number;
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  /** RFC 3339, microseconds. */
  readonly requestReceivedTimestamp: string;
  /** When the stage was reached: for a finished request, when its answer had been sent. RFC 3339, microseconds. */
  readonly stageTimestamp: string;
  /** Bodies, at level RequestResponse. */
  readonly requestObject: unknown;
  readonly responseObject: unknown;
}

/** Which entries to return. */
export interface AuditFilter {
  /** `ResponseComplete` by default: each finished request once. A watch that still runs has only `ResponseStarted`. */
  readonly stage?: AuditEntry['stage'];
  readonly where?: (entry: AuditEntry) => boolean;
}

interface RawEvent {
  readonly auditID: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly stage: AuditEntry['stage'];
  readonly user?: { readonly username?: string; readonly groups?: readonly string[] };
  readonly impersonatedUser?: { readonly username?: string };
  readonly userAgent?: string;
  readonly objectRef?: Partial<AuditedObject>;
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
}

function objectRefOf(raw: Partial<AuditedObject>): AuditedObject {
  return {
    apiGroup: raw.apiGroup ?? '',
    apiVersion: raw.apiVersion ?? '',
    resource: raw.resource ?? '',
    subresource: raw.subresource ?? '',
    namespace: raw.namespace ?? '',
    name: raw.name ?? '',
  };
}

function entryOf(raw: RawEvent): AuditEntry {
  return {
    auditId: raw.auditID,
    verb: raw.verb,
    requestUri: raw.requestURI,
    user: raw.user?.username ?? '',
    groups: raw.user?.groups ?? [],
    impersonatedUser: raw.impersonatedUser?.username,
    userAgent: raw.userAgent ?? '',
    objectRef: raw.objectRef && objectRefOf(raw.objectRef),
    code: raw.responseStatus?.code ?? 0,
    stage: raw.stage,
    requestReceivedTimestamp: raw.requestReceivedTimestamp,
    stageTimestamp: raw.stageTimestamp,
    requestObject: raw.requestObject,
    responseObject: raw.responseObject,
  };
}

function parseLine(line: string): RawEvent | undefined {
  try {
    return JSON.parse(line) as RawEvent;
  } catch {
    return undefined; // the last line, while the server is writing it
  }
}

/**
 * Reads an API server's audit log, in the order of its entries. The server writes an entry after it has
 * answered, so a reader that waits for one asks again until it is there. Throws when the file cannot be read.
 */
export async function readAudit(path: string, filter: AuditFilter = {}): Promise<AuditEntry[]> {
  const stage = filter.stage ?? 'ResponseComplete';
  const entries: AuditEntry[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const raw = parseLine(line);
    if (raw?.stage !== stage) continue;
    const entry = entryOf(raw);
    if (filter.where?.(entry) ?? true) entries.push(entry);
  }
  return entries;
}

/** Reads an audit log on and on. */
export interface AuditFollower {
  /** The finished requests that were written since the last call, or since it was made. */
  next(): Promise<AuditEntry[]>;
}

/** Follows an audit log from its end as it is now. Throws when the file cannot be read. */
export async function followAudit(path: string): Promise<AuditFollower> {
  let at = await sizeOf(path);
  return {
    async next() {
      const file = await open(path);
      try {
        const { size } = await file.stat();
        const { buffer } = await file.read({ buffer: Buffer.alloc(size - at), position: at });
        // What follows the last end of a line is still being written.
        const whole = buffer.subarray(0, buffer.lastIndexOf(0x0a) + 1);
        at += whole.length;
        return whole
          .toString('utf8')
          .split('\n')
          .map(parseLine)
          .filter((raw) => raw?.stage === 'ResponseComplete')
          .map((raw) => entryOf(raw as RawEvent));
      } finally {
        await file.close();
      }
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path);
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
