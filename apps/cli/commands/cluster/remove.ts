import { FairleadError } from '@fairlead/core/model';
import type { Register } from '../../cli.ts';
import { printDone } from '../../output/done.ts';

/** `fairlead cluster remove NAME`. */
export const registerClusterRemove: Register = (program, cli) => {
  program
    .command('remove <name>')
    .description('end a membership by a ledger commit and refuse its certificate; workloads stay as they are')
    .option('--withdraw', 'only when no application is left on it')
    .addHelpText(
      'after',
      `
To take the workloads away first: change the cluster's labels (a Cluster document, or its file under
ledger/clusters/) so that no environment selects it, wait until \`fairlead status\` shows nothing there, and then
remove it with --withdraw, which refuses as long as something runs.

Examples:
  fairlead cluster remove shop-0042
  fairlead cluster remove shop-0042 --withdraw`,
    )
    .action(
      cli.does<{ withdraw?: true }>(async ({ words: [name = ''], options, print, hub }) => {
        const client = await hub();
        if (options.withdraw) {
          const left = await client.list('listPlacements', { cluster: name });
          if (left.length > 0)
            throw stillThere(
              name,
              left.map(({ application }) => application),
            );
        }
        printDone(print, await client.call('removeCluster', { path: { cluster: name } }));
      }),
    );
};

function stillThere(cluster: string, applications: readonly string[]): FairleadError {
  const named = applications.slice(0, 5).join(', ') + (applications.length > 5 ? ', …' : '');
  return new FairleadError(
    `Cannot remove ${cluster} withdrawn: ${applications.length} applications are there (${named}). Change its labels so that no environment selects it, and try again when they are gone.`,
    { code: 'FailedPrecondition', reason: 'InvalidArgument', subject: { cluster } },
  );
}
