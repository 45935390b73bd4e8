import type { Answer } from '@fairlead/wire/rest';
import type { Printer } from './print.ts';
import { plain, short } from './words.ts';

/** What a decision came to: the hub's sentence, and the ledger commit that now says so. */
export function printDone(print: Printer, done: Answer<'promote'>): void {
  print.thing(done, () => {
    print.line(`${plain(done.message)}${done.commit === undefined ? '' : ` (ledger commit ${short(done.commit)})`}`);
  });
}
