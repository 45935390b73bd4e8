import { FairleadError } from '@fairlead/core/model';
import type { Register } from '../../cli.ts';
import { inCluster, objectNamed } from '../../hub/object.ts';
import { printNotes } from '../../output/notes.ts';
import { asYaml } from '../../output/print.ts';
import { applicationOf } from '../../usage.ts';

/** `fairlead apps object APP OBJECT --cluster NAME`. */
export const registerAppsObject: Register = (apps, cli) => {
  apps
    .command('object <application> <object>')
    .description('one live object of an application, or of what it owns, as YAML; without secrets')
    .requiredOption('-c, --cluster <name>', 'where to look')
    .addHelpText(
      'after',
      `
An object is named KIND/NAME, or GROUP/KIND/NAMESPACE/NAME. Values of Secrets never leave their cluster.

Examples:
  fairlead apps object shop deployment/web -c shop-0042
  fairlead apps object shop /Secret/shop/login -c shop-0042`,
    )
    .action(
      cli.does<{ cluster: string }>(async ({ words: [word = '', object = ''], options, print, hub, io }) => {
        const client = await hub();
        const at = inCluster(applicationOf(word), options.cluster);
        const named = await objectNamed(client, at, object);
        const found = await client.call('getObject', { path: { ...at }, query: { object: named } });
        if (found.live === undefined)
          throw new FairleadError(`Cannot show ${named}: it does not exist in ${options.cluster} now.`, {
            code: 'NotFound',
            reason: 'ObjectMissing',
            subject: { object: named },
          });
        print.thing(found, () => {
          io.out(asYaml(found.live));
          printNotes(print, found.notes);
        });
      }),
    );
};
