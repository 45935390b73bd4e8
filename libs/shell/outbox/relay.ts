import type { Bus } from '@fairlead/ports/bus';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';
import { batchSize, carry, shrink } from './carry.ts';

/** Options of {@link startRelay}. */
export interface RelayOptions {
  readonly store: Pick<Store, 'outbox' | 'write' | 'onOutbox'>;
  readonly bus: Pick<Bus, 'publish' | 'onRecovered'>;
  /** The machine's unless told. */
  readonly clock?: Clock;
  /** Hears what failed; the messages stay in the outbox and are tried again. */
  readonly onError: (error: unknown) => void;
  /**
   * Where other processes write to the same store: after how long their messages are carried as well, for one that died
   * between its write and the bus leaves some behind; and how often that is looked for.
   */
  readonly others?: { readonly afterMs: number; readonly everyMs: number };
}

/** Carries messages from the outbox to the bus. */
export interface Relay {
  /** Resolves when everything was carried, or when what is left waits for the bus. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;

/**
 * Carries what waits in the outbox to the bus, in order for each subject, now and whenever the store rings: many rows as
 * few messages. A row is dropped after the bus took it: it may be said twice after a crash, and never not at all. While
 * the bus is away the rows wait; they are tried again when it is back, and after pauses that grow to half a minute.
 */
export function startRelay(options: RelayOptions): Relay {
  const relay = new OutboxRelay(options);
  relay.ring();
  return relay;
}

class OutboxRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #clock: Clock;
  readonly #stops: (() => void)[];
  #isWanted = false;
  #isStopped = false;
  #failures = 0;
  #running: Promise<void> | undefined;
  /** Takes back the pause after a failure; undefined while there is none. */
  #endPause: (() => void) | undefined;
  #cancelLook = (): void => undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#stops = [
      options.store.onOutbox(() => this.ring()),
      options.bus.onRecovered(() => this.#resume()),
      () => this.#cancelLook(),
      () => this.#endPause?.(),
    ];
    this.#lookForOthers();
  }

  /** Something waits. */
  ring(): void {
    this.#isWanted = true;
    if (!this.#endPause) this.#start();
  }

  settled(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#isStopped = true;
    // What was rung for is carried still, unless the bus is away: then another process, or the next start, carries it.
    await this.#running;
  }

  #start(): void {
    if (this.#isStopped) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A ring that came after the last look and before this line would otherwise be lost.
      if (this.#isWanted && !this.#endPause) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      try {
        await this.#carryAll();
        this.#failures = 0;
      } catch (error) {
        this.#isWanted = true;
        if (this.#isStopped) return;
        this.#options.onError(error);
        this.#pause();
        await shrink(this.#options).catch(this.#options.onError);
        return;
      }
    }
  }

  async #carryAll(): Promise<void> {
    while ((await carry(this.#options)) === batchSize);
  }

  #pause(): void {
    const forMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#endPause = this.#clock.after(forMs, () => this.#resume());
  }

  #resume(): void {
    this.#endPause?.();
    this.#endPause = undefined;
    if (this.#isWanted) this.#start();
  }

  #lookForOthers(): void {
    const { others } = this.#options;
    if (!others || this.#isStopped) return;
    // Nobody rings for the dead.
    this.#cancelLook = this.#clock.after(others.everyMs, () => {
      this.ring();
      this.#lookForOthers();
    });
  }
}
