import { readFile } from 'node:fs/promises';
import type { ClusterName } from '@fairlead/core/model';
import { createHubClient, type HubApart, type HubClient } from '@fairlead/testkit/fleet';
import { requestOf } from '@fairlead/testkit/rawAgent';
import { enrollment } from '@fairlead/wire';

/** What came of calls that were made one after the other. */
export interface Made {
  readonly made: number;
  /** What was said of every one that failed; none was tried again. */
  readonly failures: readonly string[];
}

/** Makes a call again and again, one at a time, until it is stopped. */
export function keepCalling(call: () => Promise<unknown>): { stop(): Promise<Made> } {
  const failures: string[] = [];
  let made = 0;
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      await call().catch((error: unknown) => failures.push(String(error)));
      made += 1;
    }
  })();
  return {
    async stop() {
      over.abort();
      await running;
      return { made, failures };
    },
  };
}

async function overOwnConnection<Answer>(
  hub: HubApart,
  to: { readonly api: string; readonly ask: (client: HubClient) => Promise<Answer> },
): Promise<Answer> {
  const client = await createHubClient({ api: to.api, webhooks: hub.webhooks, dataDir: hub.dataDir });
  try {
    return await to.ask(client);
  } finally {
    client.close();
  }
}

/** What people, forges and new clusters ask of a hub, each over a connection of its own and without a second try. */
export function callsTo(hub: HubApart, repositoryUrl: string) {
  let joined = 0;
  return {
    status: () => overOwnConnection(hub, { api: hub.api, ask: (client) => client.call('getFleet') }),
    webhook: () => overOwnConnection(hub, { api: hub.api, ask: (client) => client.webhook(repositoryUrl) }),
    /** A join token from the API, and a certificate for it; no environment wants the cluster. */
    async enrol(): Promise<void> {
      const name = `newcomer-${(joined += 1)}`;
      const { token } = await overOwnConnection(hub, {
        api: hub.api,
        ask: (client) => client.call('createJoin', { body: { name } }),
      });
      const csrPem = await requestOf(name as ClusterName);
      const body = enrollment.writeEnrollRequest({
        token,
        csrPem,
        kubernetesVersion: 'v1.36.0',
        agentVersion: '0.1.0',
      });
      const { status, body: text } = await overOwnConnection(hub, {
        api: hub.enrolment,
        ask: (client) => client.raw('POST', '/v1/enroll', { body, token: '' }),
      });
      if (status !== 200) throw new Error(`enrolment answered ${status}: ${text}`);
      const { cluster } = enrollment.readEnrollResponse(JSON.parse(text));
      if (cluster !== name) throw new Error(`${name} was given a certificate of ${cluster}`);
    },
  };
}

/** How an agent's stream came and went since a mark. */
export interface StreamLog {
  /** How often a stream ended. */
  readonly ended: number;
  /** How often a try to open one failed. */
  readonly missed: number;
  /** The longest time without a stream. */
  readonly longestGapMs: number;
}

/** Begins to read an agent's log here; what it says from now on is summed up when asked. */
export async function markStreams(logFile: string): Promise<() => Promise<StreamLog>> {
  const from = (await readFile(logFile, 'utf8')).length;
  return async () => {
    const lines = (await readFile(logFile, 'utf8')).slice(from).split('\n').filter(Boolean);
    let ended = 0;
    let missed = 0;
    let longestGapMs = 0;
    let goneAtMs: number | undefined;
    for (const { msg, time } of lines.map((line) => JSON.parse(line) as { msg: string; time: string })) {
      if (msg === 'hub.disconnected') {
        ended += 1;
        goneAtMs = Date.parse(time);
      }
      if (msg === 'hub.unreachable') missed += 1;
      if (msg === 'hub.connected' && goneAtMs !== undefined) {
        longestGapMs = Math.max(longestGapMs, Date.parse(time) - goneAtMs);
        goneAtMs = undefined;
      }
    }
    if (goneAtMs !== undefined) throw new Error('the agent has no stream yet');
    return { ended, missed, longestGapMs };
  };
}
