import { asFairleadError, FairleadError } from '@fairlead/core/model';
import type { Gap } from '@fairlead/core/connection';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';

/** What seeking the lead needs. */
export interface LeadPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Hears what kept the lease from being renewed, and what a term failed with. */
  readonly onError: (error: unknown) => void;
}

/** The right to write, until another one takes the lead. */
export interface Lead {
  readonly fence: number;
  /** Asks the store whether this is still the lead, and renews it. Throws NotLeading. */
  confirm(): Promise<void>;
  /** When the store did not answer for the last time, by this process's clock; until now where it still does not. */
  away(): Gap | undefined;
}

/** The work of a leader. */
export interface Term {
  /** Takes no new work; resolves when what was under way is over. */
  end(): Promise<void>;
}

/** Who seeks the lead, and what it does with it. */
export interface LeadOptions {
  /** Random for each start of a process. */
  readonly instance: string;
  /** How long the lease runs; it is renewed three times in it. */
  readonly ttlMs: number;
  /** True where no other process can have this store open: who led before is dead, and is not waited for. */
  readonly alone: boolean;
  /** The store was set back while this one led: called under the new fence, before the next term begins. */
  readonly restored: (fence: number) => Promise<void>;
  /** Begins to lead. */
  readonly begin: (lead: Lead) => Term;
}

/** A place in the queue for the lead. */
export interface Candidacy {
  isLeading(): boolean;
  /** How many times the store was asked who leads, well or not: for whoever looks that the lease is cared for. */
  progress(): { readonly hasWork: boolean; readonly steps: number };
  /** Ends the term and gives the lead up, so that the next one need not wait. */
  close(): Promise<void>;
}

/** Fact that says who leads: {instance, beat}; the number rises as long as a leader lives, whichever. */
export const leaderKey = 'leader';

/**
 * Every so many renewals the fact says that the leader lives. Where several share the store it is each of them: the sign
 * also shows that the store was set back, and by no more than a copy of a few seconds ago.
 */
const renewalsPerBeat = { alone: 6, shared: 1 };

/**
 * Seeks the lead: takes it when it is free, renews it well within its time, and stands by otherwise, until the bus says
 * that a planner went or the lease may have run out. One term at a time; a lead that was lost, be it for a moment, ends
 * its term, and a new one begins from what the store says then. Whoever was stopped and goes on later writes nothing:
 * its fence is old.
 */
export function seekLead(ports: LeadPorts, options: LeadOptions): Candidacy {
  const candidate = new Candidate(ports, options);
  candidate.ask();
  return candidate;
}

class Candidate implements Candidacy {
  readonly #ports: LeadPorts;
  readonly #options: LeadOptions;
  readonly #unsubscribe: () => void;
  #term: (Term & { readonly fence: number }) | undefined;
  #renewals = 0;
  /** The highest number that the sign of life had; a store that shows a lower one was set back. */
  #seen = 0;
  /** The number as the store said it last; undefined where it had none. */
  #found: number | undefined;
  #looks = 0;
  /** When the store answered last, whether it has not since, and the last time in which it did not. */
  #answeredAtMs: number;
  #isAway = false;
  #gap: Gap | undefined;
  #running: Promise<void> | undefined;
  #isFirst = true;
  #again = false;
  #closed = false;
  #cancel = (): void => undefined;

  constructor(ports: LeadPorts, options: LeadOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#answeredAtMs = ports.clock.now();
    this.#unsubscribe = ports.bus.subscribe('instances', ({ role }) => {
      if (role === 'planner' && this.#term === undefined) this.ask();
    });
  }

  isLeading(): boolean {
    return this.#term !== undefined;
  }

  progress(): { hasWork: boolean; steps: number } {
    return { hasWork: !this.#closed, steps: this.#looks };
  }

  /** Asks the store who leads, now and again before the lease runs out. */
  ask(): void {
    if (this.#closed) return;
    this.#cancel();
    this.#again = this.#running !== undefined;
    this.#running ??= this.#look()
      .catch(this.#ports.onError)
      .finally(() => {
        this.#running = undefined;
        this.#looks += 1;
        if (this.#again) this.ask();
        else if (!this.#closed) this.#cancel = this.#ports.clock.after(this.#options.ttlMs / 3, () => this.ask());
      });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    this.#unsubscribe();
    await this.#running;
    await this.#end();
    const { store, bus, onError } = this.#ports;
    await store.resign(this.#options.instance);
    await bus.publish('instances', { role: 'planner' }).catch(onError);
  }

  async #look(): Promise<void> {
    if (this.#isFirst && this.#options.alone) await this.#forgetTheDead();
    const fence = await this.#renew();
    this.#isFirst = false;
    const isSetBack = await this.#isSetBack();
    if (this.#term && (this.#term.fence !== fence || isSetBack)) await this.#end();
    if (this.#closed || fence === undefined) return;
    if (isSetBack) await this.#options.restored(fence);
    this.#term ??= { fence, end: this.#begin(fence) };
    const every = renewalsPerBeat[this.#options.alone ? 'alone' : 'shared'];
    if (this.#renewals % every === 0) await this.#beat(fence);
    this.#renewals += 1;
  }

  #begin(fence: number): Term['end'] {
    this.#renewals = 0;
    const term = this.#options.begin({ fence, confirm: () => this.#confirm(fence), away: () => this.#away() });
    return () => term.end();
  }

  async #end(): Promise<void> {
    const term = this.#term;
    this.#term = undefined;
    await term?.end();
  }

  /** Takes the lead or renews it; undefined where another one has it. */
  async #renew(): Promise<number | undefined> {
    const { instance, ttlMs } = this.#options;
    try {
      const fence = await this.#ports.store.lead({ holder: instance, ttlMs });
      this.#gap = this.#away();
      this.#isAway = false;
      this.#answeredAtMs = this.#ports.clock.now();
      return fence;
    } catch (thrown) {
      this.#isAway = true;
      throw thrown;
    }
  }

  #away(): Gap | undefined {
    return this.#isAway ? { fromMs: this.#answeredAtMs, untilMs: this.#ports.clock.now() } : this.#gap;
  }

  async #confirm(fence: number): Promise<void> {
    const now = await this.#renew();
    if (now === fence && !(await this.#isSetBack())) return;
    this.ask();
    throw new FairleadError(
      'Cannot push: another instance of the planner has taken the lead meanwhile, or the store was set back. It is looked at anew.',
      { code: 'Aborted', reason: 'NotLeading', retry: 'backoff' },
    );
  }

  /** The number of the leader's sign of life only rises, whoever leads: a store that shows a lower one is a copy. */
  async #isSetBack(): Promise<boolean> {
    const seen = this.#seen;
    const beat = (await this.#ports.store.fact(leaderKey))?.['beat'];
    this.#found = typeof beat === 'number' ? beat : undefined;
    const now = this.#found ?? 0;
    this.#seen = Math.max(this.#seen, now);
    return now < seen;
  }

  async #beat(fence: number): Promise<void> {
    const { instance } = this.#options;
    const beat = this.#seen + 1;
    // A write is tried again while the store is away: one that was set back meanwhile must not be told the newest number.
    const seen = this.#found === undefined ? {} : { fact: { key: leaderKey, field: 'beat', is: this.#found } };
    try {
      await this.#ports.store.write([{ put: 'fact', key: leaderKey, value: { instance, beat } }], { fence, ...seen });
      this.#seen = beat;
    } catch (thrown) {
      // Another one has the lead, or the store was set back: the next look finds it.
      if (asFairleadError(thrown).code !== 'Conflict') throw thrown;
    }
  }

  async #forgetTheDead(): Promise<void> {
    const last = (await this.#ports.store.fact(leaderKey))?.['instance'];
    if (typeof last === 'string') await this.#ports.store.resign(last);
  }
}
