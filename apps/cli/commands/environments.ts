import type { EnvironmentView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import type { Column } from '../output/print.ts';

const columns: readonly Column<EnvironmentView>[] = [
  { title: 'ENVIRONMENT', of: (row) => row.name },
  { title: 'CLUSTERS', of: (row) => String(row.clusters.length) },
  { title: 'APPLICATIONS', of: (row) => String(row.applications.length) },
  { title: 'WAVES', of: (row) => row.waves.join(' → ') },
  { title: 'NAMES', wide: true, of: (row) => row.clusters.join(', ') },
  { title: 'PROBLEMS', of: (row) => row.problems.map((one) => one.message).join('; ') },
];

/** `fairlead environments`. */
export const registerEnvironments: Register = (program, cli) => {
  program
    .command('environments')
    .description('environments, what they select, and their waves')
    .addHelpText('after', '\nExample:\n  fairlead environments -o wide')
    .action(
      cli.does(async ({ print, hub }) => {
        const rows = await (await hub()).list('listEnvironments');
        print.rows(rows, columns, { empty: 'No environment is defined yet.' });
      }),
    );
};
