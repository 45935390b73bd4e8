/** Keeps what was used last, up to a weight in all. */
export class Cache<Key, Value> {
  readonly #most: number;
  readonly #items = new Map<Key, { readonly value: Value; readonly weight: number }>();
  #weight = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Value | undefined {
    const item = this.#items.get(key);
    if (!item) return undefined;
    // The map's order is the order of use.
    this.#items.delete(key);
    this.#items.set(key, item);
    return item.value;
  }

  /** What alone weighs more than the bound is not kept. */
  put(key: Key, item: { readonly value: Value; readonly weight: number }): void {
    if (this.#items.has(key) || item.weight > this.#most) return;
    this.#items.set(key, item);
    this.#weight += item.weight;
    for (const [oldest, { weight }] of this.#items) {
      if (this.#weight <= this.#most) return;
      this.#items.delete(oldest);
      this.#weight -= weight;
    }
  }
}
