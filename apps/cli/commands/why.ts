import { FairleadError, splitApplicationId, type ApplicationId } from '@fairlead/core/model';
import type { PlacementView, RolloutView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import { findRollout } from '../hub/rollout.ts';
import type { Printer } from '../output/print.ts';
import { printRolloutHead, printRolloutParts } from '../output/rollout.ts';
import { plain, stateWord } from '../output/words.ts';
import { applicationOf } from '../usage.ts';

function printCluster(
  print: Printer,
  found: { rollout: RolloutView; cluster: string; placed: readonly PlacementView[] },
) {
  const { rollout, cluster, placed } = found;
  const member = rollout.clusters.find((one) => one.cluster === cluster);
  const { paint } = print;
  if (member) {
    const wave = member.wave === undefined ? 'judged alone' : `wave ${member.wave}`;
    print.line(`${paint.bold(cluster)} (${wave}): ${stateWord(member.state, paint)}`);
    print.line(`  ${plain(member.message)} (${member.reason})`);
    const ahead = rollout.waves.find((one) => one.name === member.wave);
    if (ahead) print.line(`  its wave is ${stateWord(ahead.state, paint)}: ${plain(ahead.message)} (${ahead.reason})`);
  }
  for (const one of placed) {
    const age = one.old ? paint.dim(' (old: the cluster is silent)') : '';
    print.line(`  in the cluster: ${stateWord(one.sync, paint)}, ${stateWord(one.health, paint)}${age}`);
    print.line(`  ${plain(one.message)} (${one.reason})`);
    for (const object of one.problems)
      print.line(
        `    ${plain(object.object)}: ${stateWord(object.health, paint)}, ${plain(object.message)} (${object.reason})`,
      );
  }
}

/** `fairlead why APP ENVIRONMENT [CLUSTER]`. */
export const registerWhy: Register = (program, cli) => {
  program
    .command('why <application> <environment> [cluster]')
    .description('why an environment, or one cluster of it, is where it is, and what it waits for')
    .option('--record', 'the newest decisions with all that they rested on, as JSON for a bug report')
    .addHelpText(
      'after',
      `
Every state has one word of a closed list, in brackets.

Examples:
  fairlead why shop prod             the state, the gates, and the clusters that are not done
  fairlead why shop prod shop-0042   one cluster, with the objects that hold it up
  fairlead why shop prod --record    what a developer of Fairlead can decide again`,
    )
    .action(
      cli.does<{ record?: true }>(
        async ({ words: [word = '', environment = '', cluster], options, io, print, hub }) => {
          const application = applicationOf(word);
          const client = await hub();
          if (options.record) {
            const { team, name } = splitApplicationId(application as ApplicationId);
            const { items } = await client.call('getDecisions', { path: { environment, team, name } });
            return io.out(`${JSON.stringify(items, null, 2)}\n`);
          }
          const rollout = await findRollout(client, { application, environment });
          if (cluster === undefined) {
            const clusters = rollout.clusters.filter((one) => one.state !== 'Done');
            return print.thing({ ...rollout, clusters }, () => {
              printRolloutHead(print, rollout);
              printRolloutParts(print, rollout, { clusters });
            });
          }
          const placed = await client.list('listPlacements', { application, environment, cluster });
          if (placed.length === 0 && rollout.clusters.every((one) => one.cluster !== cluster)) {
            throw new FairleadError(
              `Cannot tell why of ${cluster}: ${environment} does not place ${application} there. See \`fairlead environments -o wide\` for its clusters.`,
              { code: 'NotFound', reason: 'NotFound', subject: { application, environment, cluster } },
            );
          }
          print.thing(
            { ...rollout, clusters: rollout.clusters.filter((one) => one.cluster === cluster), placements: placed },
            () => {
              printRolloutHead(print, rollout);
              printCluster(print, { rollout, cluster, placed });
            },
          );
        },
      ),
    );
};
