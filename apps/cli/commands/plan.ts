import type { PlanView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import type { HubClient } from '../hub/client.ts';
import { countsText, printChanges } from '../output/plan.ts';
import type { Printer } from '../output/print.ts';
import { plain, short } from '../output/words.ts';
import { applicationOf } from '../usage.ts';

interface Options {
  readonly cluster?: string;
  readonly release?: string;
}

/** So many clusters of a group are named for people. */
const named = 5;

/** All pages of a plan as one; `progress` hears how many clusters have been asked. */
async function wholePlan(
  hub: HubClient,
  body: { application: string; environment: string; cluster?: string; release?: string },
  progress: (asked: number, of: number) => void,
): Promise<PlanView> {
  let whole = await hub.call('createPlan', { body });
  for (let { next } = whole; next !== undefined;) {
    progress(askedIn(whole), whole.clusters);
    // The same release, whatever is offered meanwhile.
    const page: PlanView = await hub.call('createPlan', { body: { ...body, release: whole.release, cursor: next } });
    whole = { ...whole, groups: merged(whole.groups, page.groups), problems: [...whole.problems, ...page.problems] };
    next = page.next;
  }
  const { next: _, ...rest } = whole;
  return rest;
}

function askedIn({ groups, problems }: PlanView): number {
  return groups.reduce((sum, { clusters }) => sum + clusters.length, problems.length);
}

function merged(before: PlanView['groups'], more: PlanView['groups']): PlanView['groups'] {
  const groups = new Map(before.map((group) => [group.plan.digest, group]));
  for (const group of more) {
    const known = groups.get(group.plan.digest);
    groups.set(group.plan.digest, known ? { ...known, clusters: [...known.clusters, ...group.clusters] } : group);
  }
  return [...groups.values()].sort((a, b) => b.clusters.length - a.clusters.length);
}

function printPlan(print: Printer, plan: PlanView): void {
  const { paint } = print;
  const { application, environment, version, release, groups, problems } = plan;
  print.line(`${paint.bold(`${application} ${plain(version)}`)} (${short(release)}) in ${environment}:`);
  for (const { clusters, plan: one } of groups) {
    const more = clusters.length > named ? `, and ${clusters.length - named} more` : '';
    print.line(`${paint.bold(countOf(clusters.length))}: ${countsText(one.counts)}`);
    print.line(paint.dim(`  ${clusters.slice(0, named).join(', ')}${more}`));
    printChanges(print, one);
  }
  for (const { cluster, message, reason } of problems)
    print.line(`${paint.red(cluster)}: not planned: ${plain(message)} (${reason})`);
}

function countOf(clusters: number): string {
  return `${clusters} ${clusters === 1 ? 'cluster' : 'clusters'}`;
}

/** `fairlead plan APP ENVIRONMENT [--cluster NAME] [--release DIGEST]`. */
export const registerPlan: Register = (program, cli) => {
  program
    .command('plan <application> <environment>')
    .description('what a release would change in each cluster of an environment; nothing is written')
    .option('-c, --cluster <name>', 'only this cluster')
    .option('--release <digest|version>', 'which release; the newest that is offered unless it is named')
    .addHelpText(
      'after',
      `
Each cluster's agent tries every object by a server-side dry run against what lives there. Clusters in which the same would
change are one group. Ends with 1 where an object would be refused, or a cluster could not be asked.

Examples:
  fairlead plan shop prod
  fairlead plan shop prod -c shop-0042 --release 6.9.1 -o json`,
    )
    .action(
      cli.does<Options>(async ({ words: [word = '', environment = ''], options, print, hub, io }) => {
        const { cluster, release } = options;
        const body = {
          application: applicationOf(word),
          environment,
          ...(cluster === undefined ? {} : { cluster }),
          ...(release === undefined ? {} : { release }),
        };
        const plan = await wholePlan(await hub(), body, (asked, of) => {
          if (!print.data && io.terminal) io.err(`asked ${asked} of ${of} clusters\n`);
        });
        print.thing(plan, () => printPlan(print, plan));
        return plan.problems.length > 0 || plan.groups.some((group) => group.plan.counts.refused > 0) ? 1 : 0;
      }),
    );
};
