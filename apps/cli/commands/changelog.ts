import type { ChangesView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import type { Printer } from '../output/print.ts';
import { plain, short } from '../output/words.ts';
import { applicationOf, countOf } from '../usage.ts';

type SourceView = ChangesView['sources'][number];

/** As many as the hub tells at once: each may ask a git server. */
const pageSize = 20;
/** Commits that are shown where it is not known which of them came. */
const fewCommits = 5;

/** What happened to a source, in one line above its commits. */
function headOf({ name, url = '', from, to, ...source }: SourceView): string {
  const { reached, back, more, commits, problem } = source;
  const where = plain(`${name} ${url}`).trim();
  if (from === undefined) return `${where}: new, at ${short(to)}`;
  if (to === undefined) return `${where}: no source of it any more`;
  if (problem) return `${where}: ${plain(problem.message)} (${problem.reason})`;
  if (from === to) return `${where}: as before, at ${short(to)}`;
  const span = `${where}: ${short(from)}..${short(to)}`;
  if (back) return `${span}, went back; taken out:`;
  if (!reached && more) return `${span}, whose history was not found to lead to ${short(from)}; its newest:`;
  if (!reached) return `${span}, which is of another line of history; since they parted:`;
  return commits.length === 0 ? `${span}, nothing changed under its root` : span;
}

function printSource(print: Printer, source: SourceView): void {
  const { commits, more, reached, back } = source;
  print.line(`  ${headOf(source)}`);
  const shown = more && !reached && !back ? commits.slice(0, fewCommits) : commits;
  for (const { commit, subject, author } of shown) {
    const mark = back ? '- ' : '';
    print.line(`    ${mark}${short(commit)} ${plain(subject)} ${print.paint.dim(`(${plain(author.name)})`)}`);
  }
  if (more && source.problem === undefined) print.line('    and more');
}

function printChanges(print: Printer, one: ChangesView): void {
  const { application, environment, version, before, definition } = one;
  const when = new Date(one.timeMs).toISOString().slice(0, 19).replace('T', ' ');
  const from = before ? `from ${plain(before.version)}` : 'the first release there';
  const what = print.paint.bold(`${application} in ${environment}: ${plain(version)}`);
  print.line(`${when} ${what}, ${from} (${plain(one.action)} ${short(one.commit)} by ${plain(one.author)})`);
  if (before && before.definition !== definition)
    print.line(`  definition: ${short(before.definition)}..${short(definition)} of the fleet repository`);
  for (const source of one.sources) printSource(print, source);
}

/** `fairlead changelog APP`. */
export const registerChangelog: Register = (program, cli) => {
  program
    .command('changelog <application>')
    .description(
      'what promotions and rollbacks of an application changed, with the commits of its sources, newest first',
    )
    .option('-e, --environment <name>', 'only this environment')
    .option('--limit <count>', 'at most so many promotions', '10')
    .addHelpText(
      'after',
      `
The commits are those between the release before and this one that changed something under the source's root.

Examples:
  fairlead changelog shop -e prod
  fairlead changelog web/podinfo -e prod --limit 1 -o json`,
    )
    .action(
      cli.does<{ environment?: string; limit: string }>(async ({ words: [word = ''], options, io, print, hub }) => {
        const limit = countOf(options.limit, '--limit');
        const query = { application: applicationOf(word), environment: options.environment };
        const items = await (await hub()).list('listChanges', query, { limit, pageSize });
        print.thing({ items }, () => {
          if (items.length === 0) io.err('Nothing was promoted there yet.\n');
          for (const item of items) printChanges(print, item);
        });
      }),
    );
};
