import type { Register } from '../../cli.ts';
import { printDone } from '../../output/done.ts';

/** `fairlead cluster freeze NAME --reason TEXT`. */
export const registerClusterFreeze: Register = (program, cli) => {
  program
    .command('freeze <name>')
    .description('give one cluster nothing new until it is thawed, by a ledger commit')
    .requiredOption('--reason <text>', 'why; it stays in the ledger')
    .addHelpText(
      'after',
      `
What runs goes on running, and drift is still corrected. Rollouts go past it: it does not count, and is named.

Example:
  fairlead cluster freeze shop-0042 --reason "hardware swap"`,
    )
    .action(
      cli.does<{ reason: string }>(async ({ words: [cluster = ''], options: { reason }, print, hub }) => {
        printDone(print, await (await hub()).call('freeze', { body: { cluster, reason } }));
      }),
    );
};

/** `fairlead cluster thaw NAME`. */
export const registerClusterThaw: Register = (program, cli) => {
  program
    .command('thaw <name>')
    .description('take the freeze of a cluster away: it catches up, judged alone')
    .addHelpText('after', '\nExample:\n  fairlead cluster thaw shop-0042')
    .action(
      cli.does(async ({ words: [cluster = ''], print, hub }) => {
        printDone(print, await (await hub()).call('thaw', { path: { cluster } }));
      }),
    );
};
