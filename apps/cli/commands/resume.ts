import type { Register } from '../cli.ts';
import { printDone } from '../output/done.ts';
import { applicationOf } from '../usage.ts';

/** `fairlead resume APP --environment E`. */
export const registerResume: Register = (program, cli) => {
  program
    .command('resume <application>')
    .description('take a halt or a hold away, or let the candidate go on that a gate pauses')
    .requiredOption('-e, --environment <name>', 'the environment that goes on')
    .option('--reason <text>', 'for the commit')
    .addHelpText(
      'after',
      `
A rollout goes on where it stood; clusters that are unhealthy at that moment are judged alone from then on. Where nothing
is halted or held, the newest candidate that a \`pause\` stops may go on, and no other.

Example:
  fairlead resume shop -e prod --reason "the registry is back"`,
    )
    .action(
      cli.does<{ environment: string; reason?: string }>(async ({ words: [word = ''], options, print, hub }) => {
        const { environment, reason } = options;
        const body = { application: applicationOf(word), environment, ...(reason === undefined ? {} : { reason }) };
        printDone(print, await (await hub()).call('resume', { body }));
      }),
    );
};
