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
  readonly #askedAtMs = new Map<string, number>();

  constructor(ground: Pick<Ground, 'cluster' | 'clock' | 'log'>) {
    this.#ground = ground;
  }

  /** Undefined as long as nobody has read it. */
  modeOf(name: string): Mode {
    return this.#modes.get(name);
  }

  /** Reads the class with the agent's rights, unless it was asked for lately. Never rejects; true if it is known now. */
  async learn(name: string): Promise<boolean> {
    const { cluster, clock, log } = this.#ground;
    if (clock.now() - (this.#askedAtMs.get(name) ?? Number.NEGATIVE_INFINITY) < askAgainMs) return false;
    this.#askedAtMs.set(name, clock.now());
    try {
      const kind = await cluster.preferredKind('storage.k8s.io', 'StorageClass');
      const found = kind && (await cluster.get(kind, { namespace: '', name }));
      // `Immediate` is the server's own default.
      if (found)
        this.#modes.set(
          name,
          found['volumeBindingMode'] === 'WaitForFirstConsumer' ? 'WaitForFirstConsumer' : 'Immediate',
        );
      return found !== undefined;
    } catch (thrown) {
      log.warn('storageClass.unread', { name, error: asFairleadError(thrown).message });
      return false;
    }
  }
}
