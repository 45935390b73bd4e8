import { request as httpsRequest } from 'node:https';
import { FairleadError, hubServerName, reasons, type ErrorCode, type Reason } from '@fairlead/core/model';
import type { HubCalls } from '@fairlead/shell/agent';
import { enrollment } from '@fairlead/wire';

/** Where the hub answers enrolment and renewal. */
export interface HubCallOptions {
  /** `HOST:PORT`. */
  readonly address: string;
  /** The only authority that is trusted, whatever the system trusts. */
  readonly caPem: string;
}

const timeoutMs = 15_000;
const mostBytes = 1024 * 1024;

/** Enrolment and renewal over HTTPS, the hub's authority pinned and its name checked. */
export function hubCalls(options: HubCallOptions): HubCalls {
  return {
    async enroll(request) {
      return enrollment.readEnrollResponse(await post(options, '/v1/enroll', enrollment.writeEnrollRequest(request)));
    },
    async renew(request, current) {
      // Authorities may have been added since the first call.
      const caPem = `${options.caPem}\n${current.credentials.caPem}`;
      return enrollment.readRenewResponse(
        await post({ ...options, caPem }, '/v1/renew', enrollment.writeRenewRequest(request)),
      );
    },
  };
}

async function post(options: HubCallOptions, path: string, body: unknown): Promise<unknown> {
  const colon = options.address.lastIndexOf(':');
  const sent = Buffer.from(JSON.stringify(body));
  const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        host: options.address.slice(0, colon).replace(/^\[|\]$/g, ''),
        port: options.address.slice(colon + 1),
        path,
        method: 'POST',
        ca: options.caPem,
        servername: hubServerName,
        minVersion: 'TLSv1.3',
        agent: false,
        timeout: timeoutMs,
        headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'Content-Length': sent.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > mostBytes) outgoing.destroy(new Error(`the answer is larger than ${mostBytes} bytes`));
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer came within ${timeoutMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(sent);
  }).catch((cause: unknown) => {
    throw unreachable(options.address, cause);
  });
  if (answer.status !== 200) throw refused(path, answer);
  return parsed(path, answer.text);
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FairleadError(`Cannot read the hub's answer to ${path}: it is no JSON; see that the address is a hub's`, {
      code: 'Unavailable',
      reason: 'HubUnreachable',
      retry: 'backoff',
      cause,
    });
  }
}

function unreachable(address: string, cause: unknown): FairleadError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FairleadError(
    `Cannot reach the hub at ${address}: ${why}; see that it runs and that its certificate authority is the pinned one`,
    {
      code: 'Unavailable',
      reason: 'HubUnreachable',
      retry: 'backoff',
      cause,
    },
  );
}

/** problem+json (RFC 9457) in the hub's own words. */
function refused(path: string, answer: { status: number; text: string }): FairleadError {
  const problem = problemIn(answer.text);
  const known = problem.reason !== undefined && problem.reason in reasons;
  return new FairleadError(
    problem.detail ?? problem.title ?? `Cannot ${path.slice('/v1/'.length)}: the hub answered ${answer.status}`,
    {
      code: codeOf(answer.status),
      reason: known ? (problem.reason as Reason) : 'HubUnreachable',
      retry: 'backoff',
    },
  );
}

function problemIn(text: string): { title?: string; detail?: string; reason?: string } {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === 'object' && problem !== null ? problem : {};
  } catch {
    // A proxy's page: the status says what there is to say.
    return {};
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return 'Unauthenticated';
  if (status === 403) return 'PermissionDenied';
  if (status === 409) return 'Conflict';
  if (status === 429) return 'ResourceExhausted';
  return status >= 500 ? 'Unavailable' : 'InvalidInput';
}
