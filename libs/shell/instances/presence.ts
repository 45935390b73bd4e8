import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';

/** What keeping an instance needs. */
export interface InstancePorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Hears what kept a beat from the store; the next one comes all the same. */
  readonly onError: (error: unknown) => void;
}

/** Which instance of which role, and what it does beside its beats. */
export interface InstanceOptions {
  /** Random for each start of a process. */
  readonly instance: string;
  readonly role: string;
  /** For how long it counts as alive without a beat; it beats three times in it. */
  readonly ttlMs: number;
  /** True where no other process can have this store open: whoever is registered there is dead, and is not waited for. */
  readonly alone?: boolean;
  /**
   * After each beat. `registered` is true where the store did not know the instance (any more): at the start, and after
   * it was taken for dead.
   */
  readonly beaten?: (registered: boolean) => Promise<void>;
  /** Other instances of the role came or went. */
  readonly changed?: (live: readonly string[]) => void;
}

/** One instance among those of its role. */
export interface Presence {
  /** Those that are alive, as they were seen last; sorted, this one among them. */
  live(): readonly string[];
  /** Says farewell: what it held is free at once. */
  close(): Promise<void>;
}

/** Registers the instance, and beats until it is closed. Resolves after the first beat; throws what the store throws then. */
export async function keepInstance(ports: InstancePorts, options: InstanceOptions): Promise<Presence> {
  const { store, bus, clock, onError } = ports;
  const { instance, role, ttlMs } = options;
  let live: readonly string[] = [instance];
  let cancel = (): void => undefined;
  let closed = false;
  let running: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    const found = [...new Set([instance, ...(await store.instances(role))])].sort();
    if (closed || found.join() === live.join()) return;
    live = found;
    options.changed?.(live);
  };
  const tell = (): Promise<void> => bus.publish('instances', { role }).catch(onError);
  const beat = async (): Promise<void> => {
    const registered = await store.beat({ instance, role, ttlMs });
    await look();
    if (registered) void tell();
    await options.beaten?.(registered);
  };
  const arm = (): void => {
    if (closed) return;
    cancel = clock.after(ttlMs / 3, () => void (running = running.then(beat).catch(onError).finally(arm)));
  };

  if (options.alone === true) {
    for (const dead of await store.instances(role)) await store.beat({ instance: dead, role, ttlMs: 0 });
  }
  await beat();
  const stop = bus.subscribe('instances', async (payload) => {
    if (payload.role === role) await look();
  });
  arm();
  return {
    live: () => live,
    async close() {
      closed = true;
      cancel();
      stop();
      await running;
      await store.beat({ instance, role, ttlMs: 0 });
      await tell();
    },
  };
}
