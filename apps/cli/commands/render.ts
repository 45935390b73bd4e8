import { resolve } from 'node:path';
import type { ApplicationId } from '@fairlead/core/model';
import type { Invocation, Register } from '../cli.ts';
import { readCheckout } from '../offline/checkout.ts';
import { fleetOf } from '../offline/fleet.ts';
import { renderOffline } from '../offline/render.ts';
import { tools } from '../offline/tools.ts';
import { asYaml } from '../output/print.ts';
import { goModules } from '../places.ts';
import { applicationOf, labelsOf, repeated, usageError } from '../usage.ts';

interface Options {
  readonly application: string;
  readonly environment: string;
  readonly cluster: string;
  readonly path: string;
  readonly source: readonly string[];
  readonly head?: true;
  readonly verification?: string;
  readonly labels?: string;
  readonly kubernetes?: string;
}

function localSources(given: readonly string[], cwd: string): Map<string, string> {
  return new Map(
    given.map((text) => {
      const [, name, folder] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (name === undefined || folder === undefined)
        throw usageError(`Cannot use --source ${text}: write NAME=DIR, for example main=../shop.`, '--source');
      return [name, resolve(cwd, folder)];
    }),
  );
}

async function render({ options, io, print }: Invocation<Options>): Promise<void> {
  const { labels, kubernetes, verification } = options;
  if (kubernetes !== undefined && !/^v\d+\.\d+\.\d+/.test(kubernetes))
    throw usageError(`Cannot use --kubernetes ${kubernetes}: write it as v1.36.1.`, '--kubernetes');
  const folder = resolve(io.cwd, options.path);
  const note = (line: string): void => io.err(`${line}\n`);
  const application = applicationOf(options.application) as ApplicationId;
  const local = localSources(options.source, io.cwd);
  const rendered = await renderOffline(fleetOf(await readCheckout(folder)), {
    folder,
    application,
    environment: options.environment,
    cluster: options.cluster,
    assumed: {
      ...(labels === undefined ? {} : { labels: labelsOf(labels) }),
      ...(kubernetes === undefined ? {} : { kubernetes }),
    },
    local,
    head: options.head ?? false,
    ...(verification === undefined ? {} : { verification }),
    tool: tools({ log: note, modules: goModules }),
    note,
  });
  if (print.format === 'json') return print.thing(rendered, () => undefined);
  for (const object of rendered.objects) io.out(`---\n${asYaml(object)}`);
  const { digest, release, objects } = rendered;
  note(
    `bundle ${digest}, ${objects.length} objects, ${release ? `release ${release.version}` : 'from the head of the checkout'}`,
  );
}

/** `fairlead render`. */
export const registerRender: Register = (program, cli) => {
  program
    .command('render')
    .description('the manifests that a cluster gets, from a checkout of the fleet repository, without a hub')
    .requiredOption('-a, --application <name>', 'what to render')
    .requiredOption('-e, --environment <name>', 'as which environment runs it')
    .requiredOption('-c, --cluster <name>', 'for which cluster')
    .option('--path <dir>', 'the checkout', '.')
    .option(
      '--source <name=dir>',
      'take a source from the root of a local checkout of its repository (repeatable); else it is fetched',
      repeated,
      [],
    )
    .option('--head', 'what the checkout says now, and not the release that its ledger names')
    .option('--verification <path>', "what a gate's verification of this folder gives the cluster")
    .option('-l, --labels <k=v,...>', 'labels to assume, for a cluster that is no member yet')
    .option('--kubernetes <version>', 'version to assume for it, such as v1.36.1')
    .addHelpText(
      'after',
      `
By default it renders the release that the ledger names, at the revisions that it pins, by the code that the hub
runs: the digest of the bundle is the hub's. Manifests go to standard output, the digest to standard error; with
-o json all of it is one document.

Examples:
  fairlead render -e prod -c shop-0042 -a shop
  fairlead render -e prod -c shop-0042 -a shop -o json | jq -r .digest
  fairlead render -e dev -c new -a shop --head --source main=../shop --labels env=dev --kubernetes v1.36.1`,
    )
    .action(cli.does<Options>(render));
};
