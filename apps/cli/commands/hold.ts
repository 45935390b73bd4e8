import type { Register } from '../cli.ts';
import { printDone } from '../output/done.ts';
import { applicationOf } from '../usage.ts';

/** `fairlead hold APP --environment E --reason TEXT`. */
export const registerHold: Register = (program, cli) => {
  program
    .command('hold <application>')
    .description('let no release enter an environment until it is resumed')
    .requiredOption('-e, --environment <name>', 'the environment to hold')
    .requiredOption('--reason <text>', 'why; it stays in the ledger')
    .addHelpText(
      'after',
      `
What runs goes on running, and drift is still corrected.

Example:
  fairlead hold shop -e prod --reason "incident 4711"`,
    )
    .action(
      cli.does<{ environment: string; reason: string }>(async ({ words: [word = ''], options, print, hub }) => {
        const { environment, reason } = options;
        const body = { application: applicationOf(word), environment, reason };
        printDone(print, await (await hub()).call('hold', { body }));
      }),
    );
};
