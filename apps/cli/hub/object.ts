import { FairleadError, parseKey } from '@fairlead/core/model';
import type { HubClient } from './client.ts';

/** An application in a cluster, as the parameters of a path. */
export interface InCluster {
  readonly cluster: string;
  readonly team: string;
  readonly name: string;
}

/** The parameters of a path for TEAM/NAME in a cluster. */
export function inCluster(application: string, cluster: string): InCluster {
  const [team = '', name = ''] = application.split('/');
  return { cluster, team, name };
}

/**
 * What a person means by an object: GROUP/KIND/NAMESPACE/NAME as it is, or KIND/NAME, which is looked up in the application's
 * tree. Throws NotFound where there is none, and InvalidInput where there are several.
 */
export async function objectNamed(hub: HubClient, at: InCluster, word: string): Promise<string> {
  if (parseKey(word) !== undefined) return word;
  const [kind = '', name = '', ...more] = word.split('/');
  const { objects } =
    more.length === 0 && name !== '' ? await hub.call('getTree', { path: { ...at } }) : { objects: [] };
  const found = objects.map(({ object }) => object).filter((object) => isNamed(object, { kind, name }));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const several = found.length > 1 ? ` It may be ${found.slice(0, 5).join(', ')}.` : '';
  throw new FairleadError(
    `Cannot find the object ${word} of ${at.team}/${at.name} in ${at.cluster}.${several} Name it as KIND/NAME or GROUP/KIND/NAMESPACE/NAME; see \`fairlead apps tree\`.`,
    { code: found.length > 1 ? 'InvalidInput' : 'NotFound', reason: found.length > 1 ? 'InvalidArgument' : 'NotFound' },
  );
}

function isNamed(object: string, { kind, name }: { readonly kind: string; readonly name: string }): boolean {
  const key = parseKey(object);
  return key?.name === name && key.kind.toLowerCase() === kind.toLowerCase();
}
