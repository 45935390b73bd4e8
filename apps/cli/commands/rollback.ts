import type { Register } from '../cli.ts';
import { printDone } from '../output/done.ts';
import { applicationOf } from '../usage.ts';

/** `fairlead rollback APP --environment E --reason TEXT`. */
export const registerRollback: Register = (program, cli) => {
  program
    .command('rollback <application>')
    .description('go back to the release that last completed its rollout there, by a ledger commit')
    .requiredOption('-e, --environment <name>', 'the environment that goes back')
    .requiredOption('--reason <text>', 'why; it stays in the ledger')
    .addHelpText(
      'after',
      `
A return has no gates, waves, soaks or windows: unhealthy clusters go first, within maxUnavailable. The release
that failed stays out until a person takes it out of \`rejected\` in the ledger file.

Example:
  fairlead rollback shop -e prod --reason "checkout answers 500"`,
    )
    .action(
      cli.does<{ environment: string; reason: string }>(async ({ words: [word = ''], options, print, hub }) => {
        const { environment, reason } = options;
        const body = { application: applicationOf(word), environment, reason };
        printDone(print, await (await hub()).call('rollback', { body }));
      }),
    );
};
