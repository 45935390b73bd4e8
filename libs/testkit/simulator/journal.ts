import { readFile } from 'node:fs/promises';
import { get, Agent } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Hub } from '@fairlead/testkit/fleet';
import type { EventView } from '@fairlead/wire/rest';
import { preciseNow } from './tally.ts';

/** A line of the hub's journal, and when it came here (milliseconds since 1970). */
export interface HeardEvent extends EventView {
  readonly heardAtMs: number;
}

/** The hub's journal as it is written, from now on. */
export interface Journal {
  /** The first line, of those heard since the beginning or still to come, that is wanted. */
  next(
    wanted: (event: HeardEvent) => boolean,
    by: { readonly what: string; readonly timeoutMs: number },
  ): Promise<HeardEvent>;
  close(): void;
}

/** Lines that are kept for whoever asks late. */
const kept = 1_000;

/** Opens the hub's watch; ready once the hub has answered. */
export async function followJournal({ api, dataDir }: Pick<Hub, 'api' | 'dataDir'>): Promise<Journal> {
  const agent = new Agent({ ca: await readFile(join(dataDir, 'ca.pem'), 'utf8') });
  const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
  const heard: HeardEvent[] = [];
  const listeners = new Set<() => void>();
  const request = get(new URL('/api/v1/watch', api), { agent, headers: { authorization: `Bearer ${token}` } });
  const opened = Promise.withResolvers<void>();
  request.once('error', (error) => opened.reject(error));
  request.once('response', (response) => {
    if (response.statusCode === 200) opened.resolve();
    else opened.reject(new Error(`Cannot follow the journal: the hub answers ${response.statusCode}`));
    const lines = createInterface({ input: response });
    lines.on('error', () => undefined); // the watch was closed, or the hub is gone: who waits hears of it by its deadline
    lines.on('line', (line) => {
      if (!line.startsWith('data: ')) return;
      heard.push({ ...(JSON.parse(line.slice(6)) as EventView), heardAtMs: preciseNow() });
      if (heard.length > kept) heard.shift();
      for (const listener of listeners) listener();
    });
  });
  await opened.promise;
  request.on('error', () => undefined);
  return {
    async next(wanted, { what, timeoutMs }) {
      const found = Promise.withResolvers<HeardEvent>();
      const deadline = AbortSignal.timeout(timeoutMs);
      const look = (): void => {
        const event = heard.find(wanted);
        if (event) return found.resolve(event);
        if (!deadline.aborted) return;
        const last = heard.slice(-5).map(({ type, message }) => `${type}: ${message}`);
        found.reject(new Error(`Waited ${timeoutMs} ms for ${what}. The journal says last: ${last.join(' | ')}`));
      };
      listeners.add(look);
      deadline.addEventListener('abort', look, { once: true });
      look();
      return found.promise.finally(() => listeners.delete(look));
    },
    close() {
      request.destroy();
      agent.destroy();
    },
  };
}
