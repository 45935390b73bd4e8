import type { EventView } from '@fairlead/wire/rest';
import type { Invocation, Register } from '../cli.ts';
import { asYaml } from '../output/print.ts';
import { plain, type Paint } from '../output/words.ts';
import { applicationOf, countOf } from '../usage.ts';

interface Options {
  readonly follow?: true;
  readonly cluster?: string;
  readonly application?: string;
  readonly environment?: string;
  readonly limit: string;
}

function eventLine(event: EventView, paint: Paint): string {
  const time = new Date(event.atMs).toISOString().slice(11, 23);
  const where = [event.application, event.environment, event.cluster].filter(Boolean).join(' ');
  const head = [paint.dim(time), paint.bold(event.type), paint.cyan(plain(where))].filter(Boolean).join(' ');
  return `${head} ${plain(event.message)} (${event.reason})`;
}

async function events({ options, print, hub, io }: Invocation<Options>): Promise<void> {
  const { cluster, environment } = options;
  const application = options.application === undefined ? undefined : applicationOf(options.application);
  const limit = countOf(options.limit, '--limit');
  const client = await hub();
  const past = (await client.list('listEvents', { cluster, environment, application }, { limit })).reverse();
  const show = (event: EventView): void => {
    if (print.format === 'json') io.out(`${JSON.stringify(event)}\n`);
    else if (print.format === 'yaml') io.out(`---\n${asYaml(event)}`);
    else print.line(eventLine(event, print.paint));
  };
  for (const event of past) show(event);
  if (!options.follow) {
    if (past.length === 0) io.err('Nothing has happened yet.\n');
    return;
  }
  const last = past.at(-1)?.id;
  const signal = io.interrupted();
  for await (const line of client.watch({ signal, ...(last === undefined ? {} : { afterId: last }) })) {
    if (line.type !== 'Event') continue;
    const { event } = line;
    const fits =
      (cluster === undefined || event.cluster === cluster) &&
      (environment === undefined || event.environment === environment) &&
      (application === undefined || event.application === application);
    if (fits) show(event);
  }
}

/** `fairlead events [--follow]`. */
export const registerEvents: Register = (program, cli) => {
  program
    .command('events')
    .description('what happened, oldest first; with --follow as it happens, until Ctrl-C')
    .option('-f, --follow', 'go on as more happens')
    .option('-c, --cluster <name>', 'only of this cluster')
    .option('-a, --application <name>', 'only of this application')
    .option('-e, --environment <name>', 'only of this environment')
    .option('--limit <count>', 'at most so many of the past', '50')
    .addHelpText(
      'after',
      `
With -o json each event is one line.

Examples:
  fairlead events --follow
  fairlead events -a shop -e prod -o json | jq .message`,
    )
    .action(cli.does<Options>(events));
};
