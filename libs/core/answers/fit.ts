import { printJson } from '@fairlead/core/model';

/** Length in UTF-8, without making the bytes. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // The two halves of a pair are counted as two of three bytes each: too much rather than too little.
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1;
  }
  return bytes;
}

/**
 * As many of the items, from the first on, as fit into so many bytes of JSON beside what else an answer holds.
 */
export function fitting<Item>(items: readonly Item[], bytes: number): readonly Item[] {
  let left = bytes;
  for (const [nth, item] of items.entries()) {
    left -= bytesOf(printJson(item)) + 1;
    if (left < 0) return items.slice(0, nth);
  }
  return items;
}

/** A text of at most so many characters; what was cut off is told. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most - 24))}… (${text.length} characters)`;
}
