import type { ApplicationView } from '@fairlead/wire/rest';
import type { Register } from '../cli.ts';
import type { Column } from '../output/print.ts';
import { short } from '../output/words.ts';
import { registerAppsEvents } from './apps/events.ts';
import { registerAppsObject } from './apps/object.ts';
import { registerAppsTree } from './apps/tree.ts';

function sourceText(application: ApplicationView): string {
  return application.sources
    .map(({ name, url, version, revision, problem }) => {
      const at = version ?? short(revision);
      return `${application.sources.length > 1 ? `${name}: ` : ''}${url} at ${at}${problem ? ` (${problem.message})` : ''}`;
    })
    .join('; ');
}

const columns: readonly Column<ApplicationView>[] = [
  { title: 'APPLICATION', of: (row) => row.application },
  {
    title: 'PIPELINE',
    of: (row) => row.pipeline.map((step) => `${step.environment} ${step.version ?? '-'}`).join(' → '),
  },
  { title: 'PROBLEMS', of: (row) => (row.problems.length === 0 ? '' : String(row.problems.length)) },
  { title: 'SOURCES', of: sourceText },
];

/** `fairlead apps`, and what is asked of one application in a cluster. */
export const registerApps: Register = (program, cli) => {
  const apps = program
    .command('apps')
    .description('applications, their sources and their pipelines')
    .option('--team <name>', 'only those of this team')
    .addHelpText('after', '\nExamples:\n  fairlead apps\n  fairlead apps --team web -o yaml')
    .action(
      cli.does<{ team?: string }>(async ({ options, print, hub }) => {
        const rows = await (await hub()).list('listApplications', { team: options.team });
        print.rows(rows, columns, { empty: 'No application is defined yet.' });
      }),
    );
  for (const register of [registerAppsTree, registerAppsObject, registerAppsEvents]) register(apps, cli);
};
