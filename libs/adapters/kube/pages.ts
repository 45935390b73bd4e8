import { FairleadError, parseJson, type KubeObject } from '@fairlead/core/model';
import type { Identity, ResourceKind } from '@fairlead/ports/cluster';
import { tooLarge, type Wire } from './http.ts';
import { collectionPath, withQuery } from './paths.ts';
import { refusal } from './refusals.ts';

/** What is listed. */
export interface ListAsk {
  readonly kind: ResourceKind;
  readonly namespace?: string | undefined;
  readonly selector?: string | undefined;
  readonly metadataOnly?: boolean;
  readonly identity?: Identity | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Some objects of a list. */
export interface Page {
  readonly objects: readonly KubeObject[];
  /** Of the whole list: a watch goes on from here. */
  readonly resourceVersion: string;
}

interface ListBody {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubeObject[];
}

/** A list of more pages than this is given up: at 500 objects a page it is no list that an agent can hold. */
const mostPages = 10_000;

/** Reads a list page by page, each when the caller comes for it. Pages that exceed the bound on an answer are asked for again, smaller. */
export async function* readPages(tools: { wire: Wire; pageLimit: number }, ask: ListAsk): AsyncGenerator<Page> {
  let limit = tools.pageLimit;
  let token: string | undefined;
  for (let pages = 0; pages < mostPages; pages++) {
    let body: ListBody;
    try {
      body = await readPage(tools.wire, ask, { limit, token });
    } catch (error) {
      if (limit === 1 || !isTooLarge(error)) throw error;
      limit = Math.max(1, Math.floor(limit / 4));
      continue;
    }
    const objects = (body.items ?? []).map((item) => withKind(ask.kind, item, ask.metadataOnly ?? false));
    yield { objects, resourceVersion: body.metadata?.resourceVersion ?? '' };
    token = body.metadata?.continue || undefined;
    if (token === undefined) return;
  }
  throw new FairleadError(
    `Cannot list ${ask.kind.resource}: the list has more than ${mostPages} pages; name a namespace or a selector`,
    {
      code: 'ResourceExhausted',
      reason: 'InternalError',
    },
  );
}

async function readPage(
  wire: Wire,
  ask: ListAsk,
  page: { limit: number; token: string | undefined },
): Promise<ListBody> {
  const { kind, namespace, selector, identity, signal } = ask;
  const answer = await wire.exchange({
    verb: 'list',
    method: 'GET',
    path: withQuery(collectionPath(kind, namespace), {
      limit: page.limit,
      continue: page.token,
      labelSelector: selector,
    }),
    // The full form is the fallback for servers behind an APIService that cannot give the other; it is cut here.
    accept: ask.metadataOnly
      ? 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=1,application/json'
      : 'application/json',
    identity: identity ?? { as: 'self' },
    signal,
  });
  if (answer.status === 200) return parseJson(answer.text) as ListBody;
  throw refusal({ verb: 'list', kind, key: { namespace: namespace ?? '' } }, answer);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof FairleadError && error.cause instanceof Error && tooLarge in error.cause;
}

/** Items of lists carry no kind, and metadata-only ones that of their wrapper: they get the one they are of. */
export function withKind(kind: ResourceKind, object: KubeObject, metadataOnly: boolean): KubeObject {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return metadataOnly
    ? { apiVersion, kind: kind.kind, metadata: object.metadata }
    : { ...object, apiVersion, kind: kind.kind };
}
