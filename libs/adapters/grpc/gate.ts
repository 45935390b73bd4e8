import type { Clock } from '@fairlead/ports/clock';

/** Bounds of a {@link Gate}. */
export interface GateBounds {
  /** So many are inside at a time. */
  readonly atOnce: number;
  /** So many go in each second, in the long run. */
  readonly perSecond: number;
  /** So many wait before the gate; more are turned away. */
  readonly waiting: number;
  /** A place that was held for so long is given to the next one who waits: whoever dawdles holds up nobody. */
  readonly lentMs: number;
}

/** What a {@link Gate} does with those who come. */
export interface GateKeeper<Guest> {
  /** Lets one in; `leave` gives the place back, and may be called more than once. */
  readonly enter: (guest: Guest, leave: () => void) => void;
  /** Turns one away; `afterMs` is when there may be room. */
  readonly refuse: (guest: Guest, afterMs: number) => void;
  /** Whose guest it is: the parties share places and queue. Without it all are of one party. */
  readonly partyOf?: (guest: Guest) => string;
}

/** Who holds a place, and since when. */
interface Place {
  readonly party: string;
  readonly sinceMs: number;
}

/**
 * Admission control: a bounded number at a time and a bounded number each second. Next is the party that holds the
 * fewest places, and of it who came first; where the queue is full, the party of which most wait gives up its newest.
 * A party alone has all of it, and one that dawdles takes nothing but its own share.
 */
export class Gate<Guest> {
  readonly #bounds: GateBounds;
  readonly #keeper: GateKeeper<Guest>;
  readonly #clock: Clock;
  /** Who is inside, oldest first. */
  readonly #inside = new Map<symbol, Place>();
  /** How many places each party holds that holds any. */
  readonly #held = new Map<string, number>();
  /** Who waits by party, never an empty list; the party that had its turn is last. */
  readonly #waiting = new Map<string, Guest[]>();
  #waits = 0;
  #allowance: number;
  #countedMs: number;
  #cancelWake = (): void => undefined;

  constructor(bounds: GateBounds, { clock, ...keeper }: GateKeeper<Guest> & { readonly clock: Clock }) {
    this.#bounds = bounds;
    this.#keeper = keeper;
    this.#clock = clock;
    this.#allowance = bounds.atOnce;
    this.#countedMs = clock.now();
  }

  /** Lets the guest in, makes it wait, or turns one away. */
  come(guest: Guest): void {
    const { waiting, perSecond } = this.#bounds;
    const party = this.#keeper.partyOf?.(guest) ?? '';
    const line = this.#waiting.get(party) ?? [];
    line.push(guest);
    this.#waiting.set(party, line);
    this.#waits += 1;
    if (this.#waits > waiting) this.#keeper.refuse(this.#newestOfMost(), Math.ceil((waiting / perSecond) * 1000));
    this.#admit();
  }

  /** Turns away all who wait. */
  close(): void {
    this.#cancelWake();
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#waits = 0;
    for (const guest of all) this.#keeper.refuse(guest, 0);
  }

  #admit(): void {
    this.#count();
    while (this.#waits > 0 && this.#allowance >= 1 && this.#hasRoom()) {
      const { party, guest } = this.#next();
      const place = Symbol('place');
      this.#allowance -= 1;
      this.#inside.set(place, { party, sinceMs: this.#countedMs });
      this.#held.set(party, this.#heldBy(party) + 1);
      this.#keeper.enter(guest, () => {
        if (this.#giveBack(place)) this.#admit();
      });
    }
    this.#wakeLater();
  }

  /** Takes the first of the party that holds the fewest places; among equals, of the one whose turn was longest ago. */
  #next(): { readonly party: string; readonly guest: Guest } {
    let party = '';
    let fewest = Infinity;
    for (const one of this.#waiting.keys()) {
      const held = this.#heldBy(one);
      if (held < fewest) [party, fewest] = [one, held];
      // No more parties than places hold any, so this ends the search soon however many wait.
      if (held === 0) break;
    }
    const line = this.#waiting.get(party) as Guest[];
    const guest = line.shift() as Guest;
    this.#waiting.delete(party);
    if (line.length > 0) this.#waiting.set(party, line);
    this.#waits -= 1;
    return { party, guest };
  }

  #newestOfMost(): Guest {
    let most: [party: string, line: Guest[]] = ['', []];
    for (const one of this.#waiting) if (one[1].length > most[1].length) most = one;
    const [party, line] = most;
    const guest = line.pop() as Guest;
    if (line.length === 0) this.#waiting.delete(party);
    this.#waits -= 1;
    return guest;
  }

  #heldBy(party: string): number {
    return this.#held.get(party) ?? 0;
  }

  #giveBack(place: symbol): boolean {
    const party = this.#inside.get(place)?.party;
    if (party === undefined) return false;
    const left = this.#heldBy(party) - 1;
    if (left === 0) this.#held.delete(party);
    else this.#held.set(party, left);
    return this.#inside.delete(place);
  }

  /** The allowance grows with time, up to what may be inside at once. */
  #count(): void {
    const nowMs = this.#clock.now();
    const grown = this.#allowance + (Math.max(0, nowMs - this.#countedMs) / 1000) * this.#bounds.perSecond;
    this.#allowance = Math.min(this.#bounds.atOnce, grown);
    this.#countedMs = nowMs;
  }

  #hasRoom(): boolean {
    if (this.#inside.size < this.#bounds.atOnce) return true;
    for (const [place, { sinceMs }] of this.#inside) {
      return this.#countedMs - sinceMs >= this.#bounds.lentMs && this.#giveBack(place);
    }
    return false;
  }

  /** Places that are given back wake the gate; allowance and places that are not given back need the clock. */
  #wakeLater(): void {
    this.#cancelWake();
    if (this.#waits === 0) return;
    const [oldest] = this.#inside.values();
    const waitMs =
      this.#allowance < 1
        ? ((1 - this.#allowance) / this.#bounds.perSecond) * 1000
        : (oldest?.sinceMs ?? this.#countedMs) + this.#bounds.lentMs - this.#countedMs;
    this.#cancelWake = this.#clock.after(Math.max(1, Math.ceil(waitMs)), () => this.#admit());
  }
}
