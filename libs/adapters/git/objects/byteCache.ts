/** The values used last, up to a number of bytes; a value larger than a quarter of that is not kept. */
export interface ByteCache<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value, bytes: number): void;
  clear(): void;
}

/** Makes an empty cache. */
export function byteCache<Key, Value>(maxBytes: number): ByteCache<Key, Value> {
  const entries = new Map<Key, { value: Value; bytes: number }>();
  let held = 0;
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key); // put last: the first one is the one to go
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, bytes) {
      if (bytes > maxBytes / 4 || entries.has(key)) return;
      entries.set(key, { value, bytes });
      held += bytes;
      for (const [oldest, entry] of entries) {
        if (held <= maxBytes) break;
        entries.delete(oldest);
        held -= entry.bytes;
      }
    },
    clear() {
      entries.clear();
      held = 0;
    },
  };
}
