import type { Register } from '../cli.ts';
import { inCluster, objectNamed } from '../hub/object.ts';
import { countsText, printChanges } from '../output/plan.ts';
import { applicationOf } from '../usage.ts';

/** `fairlead diff APP [OBJECT] --cluster NAME`. */
export const registerDiff: Register = (program, cli) => {
  program
    .command('diff <application> [object]')
    .description('how live objects in a cluster differ from what the application is to run there, field by field')
    .requiredOption('-c, --cluster <name>', 'where to look')
    .addHelpText(
      'after',
      `
The cluster's agent is asked; it tries each object by a dry run and writes nothing. An object is named KIND/NAME, or
GROUP/KIND/NAMESPACE/NAME; with -o json one object is shown whole, live and wanted. Secrets are masked.

Examples:
  fairlead diff shop -c shop-0042
  fairlead diff shop deployment/web -c shop-0042 -o yaml`,
    )
    .action(
      cli.does<{ cluster: string }>(async ({ words: [word = '', object], options, print, hub }) => {
        const client = await hub();
        const application = applicationOf(word);
        const at = inCluster(application, options.cluster);
        const query = object === undefined ? {} : { object: await objectNamed(client, at, object) };
        const plan = await client.call('getDiff', { path: { ...at }, query });
        print.thing(plan, () => {
          print.line(`${print.paint.bold(`${application} in ${options.cluster}`)}: ${countsText(plan.counts)}`);
          printChanges(print, plan);
        });
      }),
    );
};
