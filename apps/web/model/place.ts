/** What the page shows, as its address says it: the part behind `#`, which no server sees. */
export type Place =
  | { readonly kind: 'Board' }
  /** `application` is TEAM/NAME. */
  | { readonly kind: 'Rollout'; readonly environment: string; readonly application: string };

/** The place of an address; what cannot be read is the board. */
export function placeOf(hash: string): Place {
  const [kind, ...words] = hash.replace(/^#?\/?/, '').split('/');
  const [environment, team, name] = words.map(decoded);
  if (kind === 'rollouts' && words.length === 3 && environment && team && name) {
    return { kind: 'Rollout', environment, application: `${team}/${name}` };
  }
  return { kind: 'Board' };
}

/** The address of a place. */
export function hashOf(place: Place): string {
  if (place.kind === 'Board') return '#/';
  const words = [place.environment, ...place.application.split('/')];
  return `#/rollouts/${words.map(encodeURIComponent).join('/')}`;
}

function decoded(word: string): string | undefined {
  try {
    return decodeURIComponent(word);
  } catch {
    return undefined;
  }
}
