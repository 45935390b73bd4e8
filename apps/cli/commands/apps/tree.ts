import type { Answer } from '@fairlead/wire/rest';
import { parseKey } from '@fairlead/core/model';
import type { Register } from '../../cli.ts';
import { inCluster } from '../../hub/object.ts';
import { printNotes } from '../../output/notes.ts';
import type { Column } from '../../output/print.ts';
import { span } from '../../output/words.ts';
import { applicationOf } from '../../usage.ts';

type Node = Answer<'getTree'>['objects'][number];

function shownName({ object, depth }: Node): string {
  const key = parseKey(object);
  const name = key === undefined ? object : `${key.kind}/${key.name}`;
  return depth === 0 ? name : `${'   '.repeat(depth - 1)}└─ ${name}`;
}

function columns(nowMs: number): readonly Column<Node>[] {
  return [
    { title: 'OBJECT', of: shownName },
    { title: 'NAMESPACE', of: ({ object }) => parseKey(object)?.namespace },
    { title: 'GROUP', wide: true, of: ({ object }) => parseKey(object)?.group },
    { title: 'STANDING', of: (row) => row.standing },
    { title: 'HEALTH', state: true, of: (row) => (row.terminating ? 'Terminating' : row.health) },
    { title: 'AGE', of: ({ createdAt }) => (createdAt === undefined ? '' : span(nowMs - Date.parse(createdAt))) },
    { title: 'REASON', wide: true, of: (row) => row.reason },
    { title: 'WHY', of: (row) => (row.health === 'Healthy' ? '' : row.message) },
  ];
}

/** `fairlead apps tree APP --cluster NAME`. */
export const registerAppsTree: Register = (apps, cli) => {
  apps
    .command('tree <application>')
    .description('the live objects of an application in a cluster and what they own, with their health')
    .requiredOption('-c, --cluster <name>', 'where to look')
    .addHelpText(
      'after',
      `
The cluster's agent is asked. What it owns by ownerReferences is found by listing kinds that can be owned, within bounds.

Examples:
  fairlead apps tree shop -c shop-0042
  fairlead apps tree web/shop -c shop-0042 -o wide`,
    )
    .action(
      cli.does<{ cluster: string }>(async ({ words: [word = ''], options, print, hub, io }) => {
        const tree = await (
          await hub()
        ).call('getTree', { path: { ...inCluster(applicationOf(word), options.cluster) } });
        print.thing(tree, () => {
          print.table(tree.objects, columns(io.now()));
          printNotes(print, tree.notes);
        });
      }),
    );
};
