import { setTimeout as pause } from 'node:timers/promises';
import { FairleadError } from '@fairlead/core/model';
import type { ClusterView } from '@fairlead/wire/rest';
import type { HubClient } from '../../hub/client.ts';
import type { Line } from '../../hub/stream.ts';

/** Whom to wait for, and how long. */
export interface ConnectedOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  progress(line: string): void;
}

/** The watch tells at once; this is for a line that was lost. */
const lookEveryMs = 2_000;

/**
 * Waits until the hub hears the agent of a new member. Throws DeadlineExceeded that says how far it came.
 */
export async function untilConnected(hub: HubClient, options: ConnectedOptions): Promise<ClusterView> {
  const { name, timeoutMs, progress } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  let last = 'its agent has not enrolled yet';
  progress('waiting for its agent');
  for await (const _ of looks(hub, { name, signal })) {
    const cluster = await find(hub, name);
    if (cluster?.connection === 'Connected') return cluster;
    const now = cluster === undefined ? last : cluster.message;
    if (now !== last) progress(now);
    last = now;
  }
  if (options.signal.aborted)
    throw new FairleadError(
      `Cannot wait on for ${name}: interrupted. The agent stays installed and goes on by itself.`,
      {
        code: 'Aborted',
        reason: 'Shutdown',
      },
    );
  throw new FairleadError(
    `Cannot see ${name} connected within ${timeoutMs / 1000} s: ${last}. Look at the agent's log in its cluster: kubectl -n fairlead-system logs deploy/fairlead-agent.`,
    { code: 'DeadlineExceeded', reason: 'NeverConnected', subject: { cluster: name } },
  );
}

/** One look when the watch stands, one for each line about the cluster, and one now and then should a line be lost. */
async function* looks(
  hub: HubClient,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): AsyncGenerator<void, void, undefined> {
  const control = new AbortController();
  const ending = AbortSignal.any([signal, control.signal]);
  const lines = hub.watch({ signal: ending })[Symbol.asyncIterator]();
  const tick = (): Promise<'tick'> => pause(lookEveryMs, 'tick' as const, { signal: ending }).catch(() => 'tick');
  const line = (): Promise<IteratorResult<Line, void>> => {
    const coming = lines.next();
    coming.catch(() => undefined); // it is heard where it is awaited; until then it must not end the process
    return coming;
  };
  let next = line();
  let due = tick();
  try {
    while (!signal.aborted) {
      const step = await Promise.race([next, due]);
      if (step === 'tick') {
        due = tick();
        yield;
        continue;
      }
      if (step.done) return;
      next = line();
      if (step.value.type === 'Open' || step.value.event.cluster === name) yield;
    }
  } finally {
    control.abort();
  }
}

async function find(hub: HubClient, name: string): Promise<ClusterView | undefined> {
  try {
    return await hub.call('getCluster', { path: { cluster: name } });
  } catch (thrown) {
    if (thrown instanceof FairleadError && thrown.code === 'NotFound') return undefined;
    throw thrown;
  }
}
