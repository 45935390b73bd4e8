import type { Answer } from '@fairlead/wire/rest';
import type { Register } from '../../cli.ts';
import { inCluster, objectNamed } from '../../hub/object.ts';
import { printNotes } from '../../output/notes.ts';
import type { Column } from '../../output/print.ts';
import { span } from '../../output/words.ts';
import { applicationOf } from '../../usage.ts';

type Event = Answer<'getClusterEvents'>['events'][number];

function columns(nowMs: number): readonly Column<Event>[] {
  return [
    { title: 'AGO', of: ({ at }) => (Number.isNaN(Date.parse(at)) ? '' : span(nowMs - Date.parse(at))) },
    { title: 'TYPE', of: (row) => row.type },
    { title: 'REASON', of: (row) => row.reason },
    { title: 'OBJECT', of: (row) => row.object },
    { title: 'COUNT', of: (row) => (row.count === 1 ? '' : String(row.count)) },
    { title: 'SOURCE', wide: true, of: (row) => row.source },
    { title: 'MESSAGE', of: (row) => row.message },
  ];
}

/** `fairlead apps events APP [OBJECT] --cluster NAME`. */
export const registerAppsEvents: Register = (apps, cli) => {
  apps
    .command('events <application> [object]')
    .description(
      "Kubernetes' own Events about an application in a cluster, or one object and what it owns, newest first",
    )
    .requiredOption('-c, --cluster <name>', 'where to look')
    .addHelpText(
      'after',
      `
The journal of the hub is \`fairlead events\`. An object is named KIND/NAME, or GROUP/KIND/NAMESPACE/NAME.

Examples:
  fairlead apps events shop -c shop-0042
  fairlead apps events shop deployment/web -c shop-0042`,
    )
    .action(
      cli.does<{ cluster: string }>(async ({ words: [word = '', object], options, print, hub, io }) => {
        const client = await hub();
        const at = inCluster(applicationOf(word), options.cluster);
        const query = object === undefined ? {} : { object: await objectNamed(client, at, object) };
        const found = await client.call('getClusterEvents', { path: { ...at }, query });
        print.thing(found, () => {
          if (found.events.length > 0) print.table(found.events, columns(io.now()));
          else print.line('There are no Events now.');
          printNotes(print, found.notes);
        });
      }),
    );
};
