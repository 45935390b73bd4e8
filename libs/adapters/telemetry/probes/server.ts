import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asFairleadError, FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

/** One thing that a process needs for its work. */
export interface ReadyCheck {
  /** Such as `store`. */
  readonly name: string;
  /** Shown, and the process is ready without it all the same: it can do its work, later or from elsewhere. */
  readonly optional?: boolean;
  /** What is wrong with it now. */
  readonly problem: () => FairleadError | undefined | Promise<FairleadError | undefined>;
}

/** What the probes answer from. */
export interface ProbeParts {
  readonly clock: Clock;
  /** Loops of this process as they were seen last. */
  readonly loops: () => readonly { readonly name: string; readonly state: string; readonly waitedMs: number }[];
  readonly checks: readonly ReadyCheck[];
  readonly metricsText: () => Promise<string>;
}

/** The listener for probes and scrapes. */
export interface ProbeServer {
  /** `HOST:PORT`. */
  readonly address: string;
  close(): Promise<void>;
}

/** How long a check may take to answer. */
const checkWithinMs = 2_000;

/**
 * Listens for probes over plain HTTP: `/healthz` (the event loop turns, and no loop lives and does nothing), `/readyz`
 * (everything that the process needs is there) and `/metrics`. No tokens, no secrets, GET only.
 */
export async function serveProbes(
  at: { readonly host: string; readonly port: number },
  parts: ProbeParts,
): Promise<ProbeServer> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 30_000 });
  server.maxConnections = 64;
  server.on('request', (request, response) => {
    const path = new URL(request.url ?? '/', 'http://probe').pathname;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const answer = isRead ? (answers[path] ?? nowhere) : nowhere;
    answer(response, parts).catch((thrown: unknown) => send(response, 500, { status: asFairleadError(thrown).reason }));
  });
  const address = await listen(server, at);
  return {
    address,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

type Answer = (response: ServerResponse, parts: ProbeParts) => Promise<void>;

const answers: Readonly<Record<string, Answer>> = {
  async '/healthz'(response, { loops }) {
    const all = loops().map(({ name, state, waitedMs }) => ({
      name,
      state,
      waitedSeconds: Math.round(waitedMs / 1000),
    }));
    const stands = all.some(({ state }) => state === 'Stalled');
    send(response, stands ? 503 : 200, { status: stands ? 'stalled' : 'ok', loops: all });
  },
  async '/readyz'(response, parts) {
    const found = await Promise.all(parts.checks.map((check) => run(check, parts.clock)));
    const isReady = parts.checks.every(({ optional }, at) => optional || found[at]?.[1] === 'ok');
    send(response, isReady ? 200 : 503, { status: isReady ? 'ok' : 'unready', checks: Object.fromEntries(found) });
  },
  async '/metrics'(response, { metricsText }) {
    const text = await metricsText();
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
  },
};

async function nowhere(response: ServerResponse): Promise<void> {
  send(response, 404, { status: 'There is /healthz, /readyz and /metrics.' });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function run({ name, problem }: ReadyCheck, clock: Clock): Promise<readonly [string, string]> {
  const late = Promise.withResolvers<string>();
  const cancel = clock.after(checkWithinMs, () => late.resolve(`no answer in ${checkWithinMs / 1000} s`));
  const asked = (async () => wordsOf(await problem()))().catch((thrown: unknown) => wordsOf(asFairleadError(thrown)));
  const word = await Promise.race([asked, late.promise]);
  cancel();
  return [name, word];
}

/** Anybody may ask: words that are not ours stay in the log. */
function wordsOf(problem: FairleadError | undefined): string {
  if (problem === undefined) return 'ok';
  return problem.code === 'Internal' ? problem.reason : `${problem.reason}: ${problem.message}`;
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new FairleadError(
          `Cannot listen for probes on ${host}:${port}: ${cause.message}. Free the port, or give another one with --metrics.`,
          { code: 'FailedPrecondition', reason: 'InvalidArgument', cause },
        ),
      ),
    );
    server.listen(port, host, () => {
      const bound = server.address() as AddressInfo;
      resolve(`${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`);
    });
  });
}
