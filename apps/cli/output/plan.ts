import type { Answer } from '@fairlead/wire/rest';
import { printNotes } from './notes.ts';
import type { Printer } from './print.ts';
import { plain } from './words.ts';

type Plan = Answer<'getDiff'>;
type Change = Plan['objects'][number];

/** Longer values are cut on a terminal; `-o json` has all that the agent told. */
const mostValue = 100;

/** `2 objects changed, 1 refused`; `nothing changed` where nothing is. */
export function countsText({ create, change, refused, leave }: Plan['counts']): string {
  const parts = [
    [create, 'created'],
    [change, 'changed'],
    [leave, 'no longer named'],
    [refused, 'refused'],
  ] as const;
  const told = parts.filter(([count]) => count > 0);
  const [first, ...more] = told;
  if (first === undefined) return 'nothing would change';
  const [count, word] = first;
  return [`${count} ${count === 1 ? 'object' : 'objects'} ${word}`, ...more.map(([n, what]) => `${n} ${what}`)].join(
    ', ',
  );
}

/** The objects of a plan that would change, each with its fields, and what would leave. */
export function printChanges(print: Printer, plan: Plan): void {
  const { paint } = print;
  for (const change of plan.objects) printChange(print, change);
  for (const { object, action, message } of plan.leaves) {
    const why = message === undefined ? '' : `: ${plain(message)}`;
    const word = { Delete: 'deleted', Release: 'let go, and stays', Keep: 'stays' }[action];
    print.line(`  ${paint.red('-')} ${plain(object)} (${word}${why})`);
  }
  printNotes(print, plan.notes);
}

function printChange(print: Printer, { object, action, fields, reason, message }: Change): void {
  const { paint } = print;
  const sign = { Create: paint.green('+'), Change: paint.yellow('~'), Unchanged: ' ', Refused: paint.red('!') }[action];
  const why = [message && plain(message), reason && `(${reason})`].filter(Boolean).join(' ');
  print.line(`  ${sign} ${plain(object)}${why === '' ? '' : `: ${why}`}`);
  for (const { pointer, wanted, found } of fields)
    print.line(`      ${plain(pointer)}: ${shown(found)} ${paint.dim('→')} ${shown(wanted)}`);
}

function shown(value: string): string {
  const text = plain(value);
  if (text === '') return '(nothing)';
  return text.length > mostValue ? `${text.slice(0, mostValue)}…` : text;
}
