import type { ClusterView } from '@fairlead/wire/rest';
import type { Register } from '../../cli.ts';
import type { Column } from '../../output/print.ts';
import { span } from '../../output/words.ts';

function columns(nowMs: number): readonly Column<ClusterView>[] {
  return [
    { title: 'CLUSTER', of: (row) => row.name },
    { title: 'CONNECTION', state: true, of: (row) => row.connection },
    { title: 'HEARD', of: (row) => (row.lastHeardAtMs === undefined ? '' : `${span(nowMs - row.lastHeardAtMs)} ago`) },
    { title: 'ENVIRONMENTS', of: (row) => row.environments.join(',') },
    { title: 'IN SYNC', of: (row) => `${row.inSync}/${row.applications}` },
    { title: 'HEALTHY', of: (row) => `${row.healthy}/${row.applications}` },
    { title: 'KUBERNETES', of: (row) => row.kubernetesVersion },
    { title: 'AGENT', wide: true, of: (row) => row.agentVersion },
    {
      title: 'POSITION',
      wide: true,
      of: (row) => (row.position ? `${row.position.epoch}.${row.position.generation}` : ''),
    },
    {
      title: 'LABELS',
      wide: true,
      of: (row) =>
        Object.entries(row.labels)
          .map((pair) => pair.join('='))
          .join(','),
    },
    { title: 'WHY', of: (row) => (row.frozen ? `frozen by ${row.frozen.by}: ${row.frozen.reason}` : row.message) },
  ];
}

/** `fairlead cluster list`. */
export const registerClusterList: Register = (program, cli) => {
  program
    .command('list')
    .description('members, and whether they are heard')
    .option('-l, --labels <selector>', 'only those that the label selector fits')
    .option('-e, --environment <name>', 'only those of this environment')
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead cluster list -o wide\n  fairlead cluster list -l env=prod,tier!=canary',
    )
    .action(
      cli.does<{ labels?: string; environment?: string }>(async ({ options, print, hub, io }) => {
        const { labels, environment } = options;
        const rows = await (await hub()).list('listClusters', { labels, environment });
        print.rows(rows, columns(io.now()), {
          empty: 'No cluster is a member yet: add one with `fairlead cluster join NAME --labels env=dev`.',
        });
      }),
    );
};
