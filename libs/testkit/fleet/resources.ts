import { ApiFailure, type ControlPlane, type LiveObject } from '@fairlead/testkit/kube';
import type { KubeObject } from '@fairlead/core/model';

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** Where the objects of an API server are, by its own discovery; asked anew when a kind is not known yet. */
export interface Resources {
  /** The path of an object; `namespace` stands in where a namespaced one names none. Throws for an unknown kind. */
  pathOf(object: KubeObject, namespace: string): Promise<string>;
  /** The live object; undefined where there is none, or not even its kind. */
  live(object: KubeObject, namespace: string): Promise<LiveObject>;
  /** Every object of every kind that a label selector matches, as `KIND NAMESPACE/NAME`. */
  labelled(selector: string): Promise<string[]>;
}

async function everyResource(plane: ControlPlane): Promise<{ path: string; kind: string }[]> {
  const { groups } = (await plane.api.get('/apis')) as { groups: { preferredVersion: { groupVersion: string } }[] };
  const bases = ['/api/v1', ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`)];
  const lists = await Promise.all(
    bases.map(async (path) => {
      // A group behind an APIService whose Pods are not there has no list; nothing of it can exist.
      const list = await plane.api.get(path).catch(() => ({ resources: [] }));
      return (list as { resources: Resource[] }).resources
        .filter(({ name, verbs }) => verbs.includes('list') && !name.includes('/'))
        .map(({ name, kind }) => ({ path: `${path}/${name}`, kind }));
    }),
  );
  return lists.flat();
}

/** Reads resources through the administrator's client. */
export function resourcesOf(plane: ControlPlane): Resources {
  const known = new Map<string, readonly Resource[]>();
  const base = (apiVersion: string): string =>
    apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

  async function find(object: KubeObject): Promise<Resource | undefined> {
    const { apiVersion, kind } = object;
    const among = (list: readonly Resource[] | undefined): Resource | undefined =>
      list?.find((one) => one.kind === kind && !one.name.includes('/'));
    const cached = among(known.get(apiVersion));
    if (cached) return cached;
    const list = (await plane.api.get(base(apiVersion))) as { resources: Resource[] };
    known.set(apiVersion, list.resources);
    return among(list.resources);
  }

  async function pathOf(object: KubeObject, namespace: string): Promise<string> {
    const resource = await find(object);
    if (!resource) throw new Error(`Cannot find ${object.apiVersion} ${object.kind}: ${plane.name} does not serve it`);
    const within = resource.namespaced ? `/namespaces/${object.metadata.namespace ?? namespace}` : '';
    return `${base(object.apiVersion)}${within}/${resource.name}/${encodeURIComponent(object.metadata.name ?? '')}`;
  }

  return {
    pathOf,
    async labelled(selector) {
      const query = `?labelSelector=${encodeURIComponent(selector)}`;
      const found = await Promise.all(
        (await everyResource(plane)).map(async ({ path, kind }) => {
          const { items } = (await plane.api.get(`${path}${query}`)) as { items: LiveObject[] };
          return items.map(({ metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
        }),
      );
      return found.flat().sort();
    },
    async live(object, namespace) {
      try {
        return await plane.api.get(await pathOf(object, namespace));
      } catch (error) {
        const gone = error instanceof ApiFailure && error.status === 404;
        if (gone || (error as Error).message.startsWith('Cannot find')) return undefined;
        throw error;
      }
    },
  };
}
