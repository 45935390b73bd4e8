import { setTimeout as pause } from 'node:timers/promises';
import { followAudit, until, type AuditEntry } from '@fairlead/testkit/kube';

/** One request as the API server's audit log tells it; times are milliseconds since 1970, with their fractions. */
export interface Call {
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  /** User agent of the caller. */
  readonly by: string;
  readonly beganMs: number;
  readonly endedMs: number;
}

/** What reached an API server, watches aside. */
export interface CallLog {
  /** Forgets what was heard so far. */
  forget(): Promise<void>;
  /** What was heard since then. */
  heard(): Promise<readonly Call[]>;
  /** Waits for so many calls that are meant: the log is written after the answer. Returns all of these. */
  untilHeard(count: number, isMeant: (call: Call) => boolean): Promise<readonly Call[]>;
  /** Waits until nobody has called for so long. */
  untilQuiet(forMs: number): Promise<void>;
}

const patienceMs = 300_000;

/** Follows an audit log. */
export async function followCalls(auditLogPath: string): Promise<CallLog> {
  const follower = await followAudit(auditLogPath);
  const calls: Call[] = [];
  const heard = async (): Promise<readonly Call[]> => {
    for (const entry of await follower.next()) if (entry.verb !== 'watch') calls.push(callOf(entry));
    return calls;
  };
  return {
    heard,
    async forget() {
      await heard();
      calls.length = 0;
    },
    async untilQuiet(forMs) {
      for (let before = -1; calls.length !== before;) {
        before = calls.length;
        await pause(forMs);
        await heard();
      }
    },
    async untilHeard(count, isMeant) {
      const enough = await until(
        async () => {
          const meant = (await heard()).filter(isMeant);
          return meant.length >= count && meant;
        },
        { what: `${count} calls in the audit log`, timeoutMs: patienceMs },
      );
      return enough;
    },
  };
}

/** From the first request to the last answer, in seconds. */
export function secondsOf(calls: readonly Call[]): number {
  const first = calls.reduce((least, { beganMs }) => Math.min(least, beganMs), Number.POSITIVE_INFINITY);
  const last = calls.reduce((most, { endedMs }) => Math.max(most, endedMs), 0);
  return (last - first) / 1000;
}

/** True for a write of the agent to an object that it manages in this namespace. */
export function isApplyIn(namespace: string, by: string): (call: Call) => boolean {
  return (call) => call.verb === 'patch' && call.namespace === namespace && call.by.startsWith(by);
}

function callOf(entry: AuditEntry): Call {
  const { verb, objectRef, code, userAgent } = entry;
  return {
    verb,
    resource: objectRef?.resource ?? '',
    namespace: objectRef?.namespace ?? '',
    name: objectRef?.name ?? '',
    code,
    by: userAgent,
    beganMs: msOf(entry.requestReceivedTimestamp),
    endedMs: msOf(entry.stageTimestamp),
  };
}

/** `Date.parse` drops what is finer than a millisecond. */
function msOf(rfc3339: string): number {
  const fraction = /\.(\d+)Z$/.exec(rfc3339)?.[1] ?? '0';
  return Date.parse(`${rfc3339.slice(0, 19)}Z`) + Number(`0.${fraction}`) * 1000;
}
