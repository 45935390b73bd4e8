import {
  keyText,
  parseJson,
  type BundleIndex,
  type BundleObject,
  type Digest,
  type ObjectKey,
} from '@fairlead/core/model';
import type { ResourceKind } from '@fairlead/ports/cluster';
import { refusalOf, type Permits, type Refusal } from '../policy.ts';
import { kindText } from '../watch/watchers.ts';
import type { Ground } from './ground.ts';

/** An object of a bundle as it will be in this cluster. */
export interface ResolvedObject {
  /** With the namespace filled in. */
  readonly object: BundleObject;
  readonly text: string;
  /** Undefined: the API server does not know it (yet). */
  readonly kind: ResourceKind | undefined;
  /** The bundle itself brings the definition of its kind. */
  readonly comes: boolean;
  /** Undefined: it may be applied. */
  readonly refusal: Refusal | undefined;
}

/** Namespaced objects of a bundle without a namespace of its own, in an application without one, go here as kubectl would have it. */
const lastResort = 'default';

/**
 * Fills in the bundle's namespace for kinds that discovery, or a CRD of the bundle, calls namespaced, and then judges each
 * object by what its key has become: twice in the bundle, forbidden to the team, forbidden by the owner.
 */
export async function resolve(
  ground: Ground,
  work: Pick<Permits, 'application' | 'team'> & { index: BundleIndex },
): Promise<readonly ResolvedObject[]> {
  const { index, application, team } = work;
  const permits: Permits = {
    application,
    team,
    policy: ground.policy(),
    namespace: ground.namespace,
    installed: ground.installed,
  };
  const kinds = await kindsOf(ground, index);
  const scopes = [...kinds.values()].includes(undefined) ? await scopesOf(ground, index) : new Map<string, boolean>();
  const seen = new Set<string>();
  return index.objects.map((object) => {
    const kind = kinds.get(kindText(object.key));
    const namespaced = kind?.namespaced ?? scopes.get(kindText(object.key)) ?? object.key.namespace !== '';
    const namespace = namespaced ? object.key.namespace || index.namespace || lastResort : '';
    const key: ObjectKey = { ...object.key, namespace };
    const text = keyText(key);
    const refusal = seen.has(text) ? twice(text) : refusalOf(key, text, permits);
    seen.add(text);
    return { object: { ...object, key }, text, kind, comes: scopes.has(kindText(object.key)), refusal };
  });
}

async function kindsOf(ground: Ground, index: BundleIndex): Promise<Map<string, ResourceKind | undefined>> {
  const kinds = new Map<string, ResourceKind | undefined>();
  for (const { key } of index.objects) {
    const text = kindText(key);
    if (!kinds.has(text)) kinds.set(text, await ground.cluster.preferredKind(key.group, key.kind));
  }
  return kinds;
}

/** True for namespaced kinds, by the definitions that the bundle itself brings. */
async function scopesOf(ground: Ground, index: BundleIndex): Promise<Map<string, boolean>> {
  const scopes = new Map<string, boolean>();
  for (const { key, digest } of index.objects) {
    if (key.kind !== 'CustomResourceDefinition' || key.group !== 'apiextensions.k8s.io') continue;
    const { group, kind, scope } = await definitionOf(ground, digest);
    scopes.set(kindText({ group, kind }), scope !== 'Cluster');
  }
  return scopes;
}

async function definitionOf(ground: Ground, digest: Digest): Promise<{ group: string; kind: string; scope: string }> {
  const { spec } = parseJson(await ground.state.text(digest)) as {
    spec?: { group?: string; scope?: string; names?: { kind?: string } };
  };
  return { group: spec?.group ?? '', kind: spec?.names?.kind ?? '', scope: spec?.scope ?? '' };
}

function twice(text: string): Refusal {
  return {
    reason: 'DuplicateObject',
    message: `Cannot apply ${text}: the bundle has it twice, once with and once without its namespace; take one out of the source`,
  };
}
