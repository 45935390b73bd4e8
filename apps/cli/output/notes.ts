import type { Printer } from './print.ts';
import { plain } from './words.ts';

/** What an answer of a cluster left out, and why. */
export function printNotes(print: Printer, notes: readonly string[]): void {
  for (const note of notes) print.line(print.paint.yellow(plain(note)));
}
