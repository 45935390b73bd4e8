import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FairleadError } from '@fairlead/core/model';

/** Go modules to build kustomize and helm from: those of the checkout that this CLI, or its bundle, stands in. */
export const goModules = join(import.meta.dirname, '../../tools/kube/modules');

/** The hub's bundle: beside the CLI's where both are packaged, else what `npm run build` made. Throws if there is none. */
export function hubMain(): string {
  const places = [join(import.meta.dirname, '../hub/main.mjs'), join(import.meta.dirname, '../../dist/hub/main.mjs')];
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new FairleadError(`Cannot start the hub: ${places[1]} does not exist. Run \`npm run build\` in the checkout.`, {
    code: 'FailedPrecondition',
    reason: 'NotFound',
    subject: { file: places[1] ?? '' },
  });
}
