import type { TreePlace } from '@fairlead/core/answers';
import { FairleadError, keyText, type ObjectKey } from '@fairlead/core/model';
import type { Subject } from './desk.ts';
import type { Grown } from './tree.ts';

/**
 * The places of an object and of what it owns; all of a tree without a key. Throws NotFound for an object that is neither the
 * application's nor owned by it: a hub is not shown whatever is in a cluster.
 */
export function placesOf(
  { places }: Grown,
  { application }: Pick<Subject, 'application'>,
  key?: ObjectKey,
): readonly TreePlace[] {
  if (key === undefined) return places;
  const text = keyText(key);
  const from = places.findIndex(({ node }) => node.object === text);
  const at = places[from];
  if (at === undefined)
    throw new FairleadError(
      `Cannot look at ${text}: it is neither an object of ${application} in this cluster nor owned by one. See \`fairlead apps tree\` for its objects.`,
      { code: 'NotFound', reason: 'NotFound', subject: { object: text, application } },
    );
  const after = places.findIndex(({ node }, nth) => nth > from && node.depth <= at.node.depth);
  return places.slice(from, after < 0 ? undefined : after);
}
