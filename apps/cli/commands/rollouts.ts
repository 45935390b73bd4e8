import type { RolloutView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import type { HubClient } from '../hub/client.ts';
import { findRollout } from '../hub/rollout.ts';
import type { Column, Printer } from '../output/print.ts';
import { printRolloutHead, printRolloutParts } from '../output/rollout.ts';
import { short } from '../output/words.ts';
import { applicationOf } from '../usage.ts';

const columns: readonly Column<RolloutView>[] = [
  { title: 'APPLICATION', of: (row) => row.application },
  { title: 'ENVIRONMENT', of: (row) => row.environment },
  { title: 'VERSION', of: (row) => row.version },
  { title: 'STATE', state: true, of: (row) => row.state },
  { title: 'WAVES', of: (row) => row.waves.map((wave) => `${wave.name} ${wave.done}/${wave.total}`).join(', ') },
  { title: 'ATTEMPT', wide: true, of: (row) => short(row.attempt) },
  { title: 'REASON', wide: true, of: (row) => row.reason },
  { title: 'WHY', of: (row) => row.message },
];

/** `fairlead rollouts [APP] [ENVIRONMENT]`. */
export const registerRollouts: Register = (program, cli) => {
  const rollouts = program
    .command('rollouts [application] [environment]')
    .description('what spreads, or stands, and why; with both names: its waves, gates and clusters')
    .addHelpText('after', '\nExamples:\n  fairlead rollouts\n  fairlead rollouts shop\n  fairlead rollouts shop prod')
    .action(
      cli.does(async ({ words: [word, environment], print, hub }) => {
        const application = word === undefined ? undefined : applicationOf(word);
        const client = await hub();
        if (application === undefined || environment === undefined) {
          const rows = await client.list('listRollouts', { application });
          return print.rows(rows, columns, { empty: 'Nothing was promoted yet.' });
        }
        await show(client, { application, environment }, print);
      }),
    );
  rollouts
    .command('show <application> <environment>')
    .description('one of them: its waves, gates and clusters, and what comes next')
    .addHelpText('after', '\nExample:\n  fairlead rollouts show shop prod')
    .action(
      cli.does(async ({ words: [word = '', environment = ''], print, hub }) => {
        await show(await hub(), { application: applicationOf(word), environment }, print);
      }),
    );
};

async function show(
  client: HubClient,
  target: { readonly application: string; readonly environment: string },
  print: Printer,
): Promise<void> {
  const rollout = await findRollout(client, target);
  print.thing(rollout, () => {
    printRolloutHead(print, rollout);
    printRolloutParts(print, rollout);
  });
}
