import type { HistoryView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import type { Column } from '../output/print.ts';
import { short } from '../output/words.ts';
import { applicationOf, countOf } from '../usage.ts';

const columns: readonly Column<HistoryView>[] = [
  { title: 'WHEN', of: (row) => new Date(row.timeMs).toISOString().slice(0, 19).replace('T', ' ') },
  { title: 'ENVIRONMENT', of: (row) => row.environment },
  { title: 'ACTION', of: (row) => row.action },
  { title: 'VERSION', of: (row) => row.version },
  { title: 'COMMIT', of: (row) => short(row.commit) },
  { title: 'BY', of: (row) => row.author },
  { title: 'RELEASE', wide: true, of: (row) => short(row.release) },
  { title: 'TRAILERS', wide: true, of: (row) => row.trailers.map((pair) => pair.join(': ')).join('; ') },
  { title: 'MESSAGE', of: (row) => row.message.split('\n')[0] },
];

/** `fairlead history APP`. */
export const registerHistory: Register = (program, cli) => {
  program
    .command('history <application>')
    .description('the ledger of an application: promotions, rollbacks and decisions, newest first')
    .option('-e, --environment <name>', 'only this environment')
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText(
      'after',
      `
Each line is a commit of the ledger; \`git log\` in the fleet repository tells the same.

Examples:
  fairlead history shop
  fairlead history web/podinfo -e prod -o wide`,
    )
    .action(
      cli.does<{ environment?: string; limit: string }>(async ({ words: [word = ''], options, print, hub }) => {
        const limit = countOf(options.limit, '--limit');
        const query = { application: applicationOf(word), environment: options.environment };
        const rows = await (await hub()).list('listReleases', query, { limit });
        print.rows(rows, columns, { empty: 'Nothing was promoted there yet.' });
      }),
    );
};
