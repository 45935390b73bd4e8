import type { Store } from '@fairlead/ports/store';
import { serveParent } from '../child.ts';
import type { Answer, ToIntake } from './protocol.ts';
import { openRecord } from './record.ts';
import { openGateway, StatusSender, type OpenGateway } from './sessions.ts';

/** The process that is measured: the gateway's sessions and its store's client, and nothing else of a hub. */
interface Running {
  readonly store: Store;
  readonly opened: OpenGateway;
  readonly senders: readonly StatusSender[];
}

/** Hellos at once; each brings a hundred rows. */
const seedAtOnce = 64;

let running: Running | undefined;

async function begin({ access, clusters, applications }: Extract<ToIntake, { do: 'begin' }>): Promise<Answer> {
  const store = await openRecord(access);
  const opened = await openGateway(store);
  const senders = clusters.map((cluster) => new StatusSender(cluster, applications));
  running = { store, opened, senders };
  const startedMs = performance.now();
  let next = 0;
  const line = async (): Promise<void> => {
    for (let sender = senders[next++]; sender; sender = senders[next++]) {
      await store.write(sender.assignments());
      await sender.begin(opened.gateway);
    }
  };
  await Promise.all(Array.from({ length: seedAtOnce }, line));
  return { tookMs: performance.now() - startedMs, rows: clusters.length * applications, callsMs: [] };
}

/** Each of some senders sends one update after the other, the next when the one before is stored. */
async function load({ senders }: Running, { forMs, atOnce }: Extract<ToIntake, { do: 'load' }>): Promise<Answer> {
  const startedMs = performance.now();
  const callsMs: number[] = [];
  const lines = Math.min(atOnce, senders.length);
  const line = async (first: number): Promise<void> => {
    // By turns: an agent that said something waits until those beside it have.
    for (let at = first; performance.now() - startedMs < forMs; at = (at + lines) % senders.length) {
      const sentMs = performance.now();
      await senders[at]?.update();
      callsMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: lines }, (_, at) => line(at)));
  return { tookMs: performance.now() - startedMs, rows: callsMs.length, callsMs };
}

async function answer(message: ToIntake): Promise<Answer> {
  if (message.do === 'begin') return begin(message);
  if (!running) throw new Error('Cannot go on: nothing was begun');
  if (message.do === 'load') return load(running, message);
  await running.opened.stop();
  await running.store.close();
  return { tookMs: 0, rows: 0, callsMs: [] };
}

serveParent(answer);
