/** Numbers from 0 up to 1, always the same ones for the same seed and words: the order of events does not change them. */
export function drawn(seed: number, ...words: readonly string[]): number {
  let hash = seed >>> 0;
  for (const word of words) {
    for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ 0x9e3779b9, 0x85ebca6b);
  }
  // The last steps of MurmurHash3: neighbours must not look alike.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}

/** A stream of such numbers. */
export function draws(seed: number, word: string): () => number {
  let count = 0;
  return () => drawn(seed, word, String((count += 1)));
}
