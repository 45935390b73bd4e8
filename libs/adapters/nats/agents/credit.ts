/** Bytes of one frame at most; brokers are seldom set to take less than this with its head. */
export const chunkBytes = 65_536;

/** What a frame has beside its bytes, at most. */
export const headBytes = 64;

/** The part of its window that an end has read before it grants as much anew. */
const grantedAnew = 1 / 4;

/** What a frame costs beside its bytes: a bound in bytes alone would let a million empty ones wait. */
export const frameCost = 256;

/**
 * The smallest window that works: what is left of it before it is granted anew must always have room for a whole frame,
 * or both ends would wait for each other.
 */
export const leastWindow = 2 * (chunkBytes + frameCost);

/** How much this end may send: the other end has said how much it takes in all. */
export class Allowance {
  #sent = 0;
  #total: number;
  readonly #window: number;

  /** `window` is what the other end takes at first; it never allows more than so much at a time. */
  constructor(window: number) {
    this.#total = window;
    this.#window = window;
  }

  /** Whether a frame with so many bytes may go. */
  allows(bytes: number): boolean {
    return this.#sent + bytes + frameCost <= this.#total;
  }

  spend(bytes: number): void {
    this.#sent += bytes + frameCost;
  }

  /** False for a grant that no honest end makes: of too small a part of its window, or of more than all of it. */
  grant(total: number): boolean {
    if (total - this.#total < this.#window * grantedAnew || total > this.#sent + this.#window) return false;
    this.#total = total;
    return true;
  }
}

/** How much the other end may send, and what of it was taken. */
export class Intake {
  #came = 0;
  #taken = 0;
  #granted: number;
  readonly #window: number;

  constructor(window: number) {
    this.#granted = window;
    this.#window = window;
  }

  /** False for a frame that was not granted. */
  receive(bytes: number): boolean {
    this.#came += bytes + frameCost;
    return this.#came <= this.#granted;
  }

  /** Counts a frame that was read; the new total where it is time to grant more. */
  take(bytes: number): number | undefined {
    this.#taken += bytes + frameCost;
    const total = this.#taken + this.#window;
    if (total - this.#granted < this.#window * grantedAnew) return undefined;
    return (this.#granted = total);
  }
}
