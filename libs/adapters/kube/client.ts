import { parseJson, type KubeObject } from '@fairlead/core/model';
import { apiError, type ClusterApi, type Identity } from '@fairlead/ports/cluster';
import { failureOf, isMissingObject } from './answers.ts';
import { discoveryOf } from './discovery.ts';
import type { Wire } from './http.ts';
import { readPages, withKind } from './pages.ts';
import { objectPath } from './paths.ts';
import { refusal } from './refusals.ts';
import { watchObjects, type Backoff } from './watch.ts';
import { writesOf } from './writes.ts';

/** What the client works with. */
export interface ClientTools {
  readonly wire: Wire;
  readonly pageLimit: number;
  readonly backoff: Backoff;
}

const self: Identity = { as: 'self' };
/** The full form is the fallback for servers behind an APIService that cannot give the other. */
const metadataOf = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=1,application/json';

/** The port over one wire. */
export function clientOf(tools: ClientTools): ClusterApi {
  const { wire } = tools;
  const kinds = discoveryOf((ask) => wire.exchange({ verb: 'discover', method: 'GET', identity: self, ...ask }));
  const kindOf: ClusterApi['kindOf'] = ({ apiVersion, kind }) => {
    const [first = '', second] = apiVersion.split('/');
    return kinds.find(
      second === undefined ? { group: '', version: first, kind } : { group: first, version: second, kind },
    );
  };
  return {
    kindOf,
    preferredKind: (group, kind) => kinds.find({ group, kind }),
    kindsOfGroup: (group) => kinds.ofGroup(group),
    forgetKinds: () => kinds.forget(),
    version: () => readVersion(wire),
    ...readsOf(tools),
    ...writesOf(wire, kindOf),
    watch: (options) => watchObjects(tools, options),
  };
}

function readsOf({ wire, pageLimit }: ClientTools): Pick<ClusterApi, 'get' | 'list'> {
  return {
    async get(kind, key, options = {}) {
      const answer = await wire.exchange({
        verb: 'get',
        method: 'GET',
        path: objectPath(kind, key),
        identity: options.identity ?? self,
        signal: options.signal,
        ...(options.metadataOnly ? { accept: metadataOf } : {}),
      });
      if (isMissingObject(answer)) return undefined;
      if (answer.status !== 200) throw refusal({ verb: 'get', kind, key }, answer);
      return withKind(kind, parseJson(answer.text) as KubeObject, options.metadataOnly ?? false);
    },
    async list(kind, options = {}) {
      const { limit = Number.POSITIVE_INFINITY, ...ask } = options;
      const objects: KubeObject[] = [];
      // To the server, a limit of 0 would mean none.
      if (limit < 1) return objects;
      for await (const page of readPages({ wire, pageLimit: Math.min(pageLimit, limit) }, { kind, ...ask })) {
        objects.push(...page.objects);
        if (objects.length >= limit) return objects.slice(0, limit);
      }
      return objects;
    },
  };
}

async function readVersion(wire: Wire): Promise<string> {
  const answer = await wire.exchange({ verb: 'version', method: 'GET', path: '/version', identity: self });
  const body = answer.status === 200 ? (parseJson(answer.text) as { gitVersion?: string }) : {};
  if (body.gitVersion !== undefined) return body.gitVersion;
  const object = { group: '', kind: 'APIServer', namespace: '', name: '' };
  throw apiError({ verb: 'read the version of', object }, failureOf(answer));
}
