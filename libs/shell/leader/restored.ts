import { randomUUID } from 'node:crypto';
import type { Bus } from '@fairlead/ports/bus';
import type { Change, Store } from '@fairlead/ports/store';

/** Changes with each time that the store was found set back. */
const restoredKey = 'restored';

/** What makes everybody look anew who looks after {@link onRestored}, together with the changes that it is written with. */
export function restoredChanges(): readonly Change[] {
  return [
    { put: 'fact', key: restoredKey, value: { mark: randomUUID() } },
    { put: 'outbox', row: { subject: 'restored', payload: {} } },
  ];
}

/**
 * Written by a leader that found the store set back. What was found in sources is forgotten: a state of yesterday would
 * look like a new release; whoever found it says it again. No status counts before its agent has sent the whole of it.
 */
export async function tellRestored(store: Store, fence: number): Promise<void> {
  const [sources, clusters] = await Promise.all([store.facts('source:'), store.clusters()]);
  const changes: Change[] = [
    ...[...sources.keys()].map((key): Change => ({ drop: 'fact', key })),
    ...clusters.map(({ cluster }): Change => ({ put: 'contact', row: { cluster, statusDigest: undefined } })),
    ...restoredChanges(),
  ];
  await store.write(changes, { fence });
}

/** Calls back when the store was found set back, also where the bell was lost; returns how to stop. */
export function onRestored(
  ports: { readonly store: Store; readonly bus: Bus; readonly onError: (error: unknown) => void },
  restored: () => void,
): () => void {
  const { store, bus, onError } = ports;
  let seen: Promise<unknown> = store.fact(restoredKey).then((fact) => fact?.['mark'], onError);
  const look = async (): Promise<void> => {
    const before = await seen;
    const now = (await store.fact(restoredKey))?.['mark'];
    seen = Promise.resolve(now);
    if (now !== before) restored();
  };
  return bus.subscribe('restored', look, { lost: () => void look().catch(onError) });
}
