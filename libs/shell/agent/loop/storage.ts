import { asFairleadError } from '@fairlead/core/model';
import type { CheckContext } from '@fairlead/core/health';
import type { Ground } from './ground.ts';

type Mode = ReturnType<NonNullable<CheckContext['bindingMode']>>;

/** A class that could not be read is asked for again after this. */
const askAgainMs = 60_000;

/** When claims of a storage class are bound. Each class is read once: the mode of one cannot be changed. */
export class StorageClasses {
  readonly #ground: Pick<Ground, 'cluster' | 'clock' | 'log'>;
  readonly #modes = new Map<string, Exclude<Mode, undefined>>();
  readonly #asked = new Map<string, { readonly atMs: number; readonly isKnown: Promise<boolean> }>();

  constructor(ground: Pick<Ground, 'cluster' | 'clock' | 'log'>) {
    this.#ground = ground;
  }

  /** Undefined as long as nobody has read it. */
  modeOf(name: string): Mode {
    return this.#modes.get(name);
  }

  /** Reads the class with the agent's rights; those who ask within a minute share the answer. Never rejects; true if it is known now. */
  learn(name: string): Promise<boolean> {
    const nowMs = this.#ground.clock.now();
    const before = this.#asked.get(name);
    if (before && nowMs - before.atMs < askAgainMs) return before.isKnown;
    const isKnown = this.#read(name);
    this.#asked.set(name, { atMs: nowMs, isKnown });
    return isKnown;
  }

  async #read(name: string): Promise<boolean> {
    const { cluster, log } = this.#ground;
    try {
      const kind = await cluster.preferredKind('storage.k8s.io', 'StorageClass');
      const found = kind && (await cluster.get(kind, { namespace: '', name }));
      const waits = found?.['volumeBindingMode'] === 'WaitForFirstConsumer';
      // `Immediate` is the server's own default.
      if (found) this.#modes.set(name, waits ? 'WaitForFirstConsumer' : 'Immediate');
      return found !== undefined;
    } catch (thrown) {
      log.warn('storageClass.unread', { name, error: asFairleadError(thrown).message });
      return false;
    }
  }
}
