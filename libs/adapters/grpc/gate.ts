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
}

/** Admission control: first come, first served, a bounded number at a time and a bounded number each second. */
export class Gate<Guest> {
  readonly #bounds: GateBounds;
  readonly #keeper: GateKeeper<Guest>;
  readonly #clock: Clock;
  /** Who is inside, oldest first, and since when. */
  readonly #inside = new Map<symbol, number>();
  readonly #waiting: Guest[] = [];
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

  /** Lets the guest in, makes it wait, or turns it away. */
  come(guest: Guest): void {
    const { waiting, perSecond } = this.#bounds;
    if (this.#waiting.length >= waiting) {
      this.#keeper.refuse(guest, Math.ceil((waiting / perSecond) * 1000));
      return;
    }
    this.#waiting.push(guest);
    this.#admit();
  }

  /** Turns away all who wait. */
  close(): void {
    this.#cancelWake();
    for (const guest of this.#waiting.splice(0)) this.#keeper.refuse(guest, 0);
  }

  #admit(): void {
    this.#count();
    while (this.#waiting.length > 0 && this.#allowance >= 1 && this.#hasRoom()) {
      const guest = this.#waiting.shift() as Guest;
      const place = Symbol('place');
      this.#allowance -= 1;
      this.#inside.set(place, this.#countedMs);
      this.#keeper.enter(guest, () => {
        if (this.#inside.delete(place)) this.#admit();
      });
    }
    this.#wakeLater();
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
    for (const [place, sinceMs] of this.#inside) {
      if (this.#countedMs - sinceMs < this.#bounds.lentMs) return false;
      return this.#inside.delete(place);
    }
    return false;
  }

  /** Places that are given back wake the gate; allowance and places that are not given back need the clock. */
  #wakeLater(): void {
    this.#cancelWake();
    if (this.#waiting.length === 0) return;
    const [oldestMs = this.#countedMs] = this.#inside.values();
    const waitMs =
      this.#allowance < 1
        ? ((1 - this.#allowance) / this.#bounds.perSecond) * 1000
        : oldestMs + this.#bounds.lentMs - this.#countedMs;
    this.#cancelWake = this.#clock.after(Math.max(1, Math.ceil(waitMs)), () => this.#admit());
  }
}
