import type { Register } from '../cli.ts';
import { printDone } from '../output/done.ts';
import { applicationOf } from '../usage.ts';

interface Options {
  readonly environment: string;
  readonly release?: string;
  readonly reason?: string;
}

/** `fairlead approve APP --environment E`. */
export const registerApprove: Register = (program, cli) => {
  program
    .command('approve <application>')
    .description('say yes to a release at the door of an environment, by a ledger commit under your name')
    .requiredOption('-e, --environment <name>', 'the environment that it wants to enter')
    .option('--release <digest>', 'this release, by digest or version (default: the newest candidate)')
    .option('--reason <text>', 'for the commit')
    .addHelpText(
      'after',
      `
An approval is for one candidate in one environment. Nobody approves what they wrote, or twice.

Examples:
  fairlead approve web/shop -e prod --release 6.9.1`,
    )
    .action(
      cli.does<Options>(async ({ words: [word = ''], options, print, hub }) => {
        const { environment, release, reason } = options;
        const body = {
          application: applicationOf(word),
          environment,
          ...(release === undefined ? {} : { release }),
          ...(reason === undefined ? {} : { reason }),
        };
        printDone(print, await (await hub()).call('approve', { body }));
      }),
    );
};
