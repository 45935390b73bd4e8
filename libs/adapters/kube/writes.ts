import { parseJson, printJson, type KubeObject } from '@fairlead/core/model';
import type { ClusterApi, ResourceKind, WriteOptions } from '@fairlead/ports/cluster';
import { isMissingObject, type HttpAnswer } from './answers.ts';
import type { HttpCall, Wire } from './http.ts';
import { collectionPath, objectPath, withQuery } from './paths.ts';
import { assertAddressable, kindUnknown, refusal, type Attempted } from './refusals.ts';

type Writes = Pick<ClusterApi, 'apply' | 'create' | 'replace' | 'patch' | 'delete'>;

const patchTypes = { json: 'application/json-patch+json', merge: 'application/merge-patch+json' } as const;
/** Owns the fields of what is created or replaced whole: the agent's own Secrets and leases. */
const fieldManager = 'fairlead';

/** The writing half of the port. Every call is sent once: only the first answer to an apply says whether it created. */
export function writesOf(wire: Wire, kindOf: ClusterApi['kindOf']): Writes {
  const placed = async (verb: string, object: KubeObject): Promise<Attempted> => {
    const kind = await kindOf(object);
    if (kind === undefined) throw kindUnknown(verb, object);
    assertAddressable(verb, kind, object);
    return { verb, kind, key: object.metadata };
  };
  return {
    async apply(object, options) {
      const what = await placed('apply', object);
      const answer = await send(wire, what, {
        method: 'PATCH',
        // JSON is YAML; so the server takes it, and JSON.stringify is the faster writer.
        contentType: 'application/apply-patch+yaml',
        path: withQuery(pathOf(what), {
          fieldManager: options.fieldManager,
          force: options.force,
          dryRun: dryRun(options),
        }),
        body: encode(object),
        ...callerOf(options),
      });
      return { object: decode(answer), created: answer.status === 201 };
    },
    async create(object, options) {
      const what = await placed('create', object);
      const path = withQuery(collectionPath(what.kind, what.key.namespace), { fieldManager });
      return decode(await send(wire, what, { method: 'POST', path, body: encode(object), ...callerOf(options) }));
    },
    async replace(object, options) {
      const what = await placed('replace', object);
      const path = withQuery(pathOf(what), { fieldManager });
      return decode(await send(wire, what, { method: 'PUT', path, body: encode(object), ...callerOf(options) }));
    },
    async patch(kind, key, { body, options }) {
      const query = { fieldManager: options.fieldManager, dryRun: dryRun(options) };
      const answer = await send(
        wire,
        { verb: 'patch', kind, key },
        {
          method: 'PATCH',
          contentType: patchTypes[options.type],
          path: withQuery(objectPath(kind, key, options.subresource), query),
          body: encode(body),
          ...callerOf(options),
        },
      );
      return decode(answer);
    },
    delete: (kind, key, options) => remove(wire, { verb: 'delete', kind, key }, options),
  };
}

async function remove(wire: Wire, what: Attempted, options: Parameters<ClusterApi['delete']>[2]): Promise<void> {
  const body = encode({
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions: { uid: options.uid, resourceVersion: options.resourceVersion },
    propagationPolicy: options.propagation ?? 'Background',
    ...(options.dryRun ? { dryRun: ['All'] } : {}),
  });
  const answer = await wire.exchange({
    verb: what.verb,
    method: 'DELETE',
    path: pathOf(what),
    body,
    ...callerOf(options),
  });
  if (answer.status >= 300 && !isMissingObject(answer)) throw refusal(what, answer);
}

async function send(wire: Wire, what: Attempted, call: Omit<HttpCall, 'verb'>): Promise<HttpAnswer> {
  const answer = await wire.exchange({ verb: what.verb, ...call });
  if (answer.status >= 300) throw refusal(what, answer);
  return answer;
}

function pathOf(what: { kind: ResourceKind; key: Attempted['key'] }): string {
  return objectPath(what.kind, { namespace: what.key.namespace ?? '', name: what.key.name ?? '' });
}

function callerOf({ identity, signal }: WriteOptions): Pick<HttpCall, 'identity' | 'signal'> {
  return { identity, signal };
}

function dryRun(options: { dryRun?: boolean }): string | undefined {
  return options.dryRun ? 'All' : undefined;
}

/** The plain way is several times faster, and throws for what only the other one can print: integers above 2^53. */
function encode(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return printJson(value);
  }
}

function decode(answer: HttpAnswer): KubeObject {
  return parseJson(answer.text) as KubeObject;
}
