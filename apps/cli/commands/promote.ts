import type { Register } from '../cli.ts';
import { printDone } from '../output/done.ts';
import { applicationOf } from '../usage.ts';

interface Options {
  readonly to: string;
  readonly release?: string;
  readonly reason?: string;
}

/** `fairlead promote APP --to ENVIRONMENT`. */
export const registerPromote: Register = (program, cli) => {
  program
    .command('promote <application>')
    .description('move a release into an environment by a ledger commit; its gates must have passed')
    .requiredOption('--to <environment>', 'the environment that it enters')
    .option('--release <digest>', 'this release (default: the newest candidate)')
    .option('--reason <text>', 'for the commit')
    .addHelpText(
      'after',
      `
Examples:
  fairlead promote shop --to staging
  fairlead promote web/podinfo --to prod --release sha256:4f2a… --reason "hotfix 4711"`,
    )
    .action(
      cli.does<Options>(async ({ words: [word = ''], options, print, hub }) => {
        const { to, release, reason } = options;
        const body = { application: applicationOf(word), environment: to, ...omitted({ release, reason }) };
        printDone(print, await (await hub()).call('promote', { body }));
      }),
    );
};

function omitted(given: { release: string | undefined; reason: string | undefined }): {
  release?: string;
  reason?: string;
} {
  const { release, reason } = given;
  return { ...(release === undefined ? {} : { release }), ...(reason === undefined ? {} : { reason }) };
}
