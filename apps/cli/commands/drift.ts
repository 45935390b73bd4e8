import type { DriftView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import type { Column } from '../output/print.ts';
import { span } from '../output/words.ts';
import { applicationOf, countOf } from '../usage.ts';

interface Options {
  readonly cluster?: string;
  readonly application?: string;
  readonly environment?: string;
  readonly limit: string;
}

function columns(nowMs: number): readonly Column<DriftView>[] {
  return [
    { title: 'AGO', of: (row) => span(nowMs - row.atMs) },
    { title: 'CLUSTER', of: (row) => row.cluster },
    { title: 'APPLICATION', of: (row) => row.application },
    { title: 'OBJECT', of: (row) => row.object },
    { title: 'WHAT', of: (row) => row.kind },
    { title: 'FIELD', of: (row) => row.pointer },
    { title: 'WANTED', of: (row) => row.wanted },
    { title: 'FOUND', of: (row) => row.found },
    { title: 'MANAGER', of: (row) => [row.manager, row.operation && `(${row.operation})`].filter(Boolean).join(' ') },
    { title: 'OUTCOME', state: true, of: (row) => row.outcome },
    { title: 'TOOK', of: (row) => (row.tookMs === undefined ? '' : `${Math.round(row.tookMs)} ms`) },
  ];
}

/** `fairlead drift`. */
export const registerDrift: Register = (program, cli) => {
  program
    .command('drift')
    .description('live objects that differed from what was applied: which field, wanted, found, and by whom')
    .option('-c, --cluster <name>', 'only this cluster')
    .option('-a, --application <name>', 'only this application')
    .option('-e, --environment <name>', 'only this environment')
    .option('--limit <count>', 'at most so many, newest first', '50')
    .addHelpText(
      'after',
      `
Values of Secrets never leave their cluster; they are shown as hidden.

Examples:
  fairlead drift
  fairlead drift -c shop-0042 -a shop -o json`,
    )
    .action(
      cli.does<Options>(async ({ options, print, hub, io }) => {
        const { cluster, environment } = options;
        const limit = countOf(options.limit, '--limit');
        const application = options.application === undefined ? undefined : applicationOf(options.application);
        const rows = await (await hub()).list('listDrift', { cluster, environment, application }, { limit });
        print.rows(rows, columns(io.now()), { empty: 'No drift was seen.' });
      }),
    );
};
