import { FairleadError } from '@fairlead/core/model';
import type { ResourceKind } from '@fairlead/ports/cluster';
import type { HttpAnswer } from './answers.ts';

/** Reads one discovery document; resolves with any answer of status 200, 304, 404 or 5xx. */
export type Fetch = (ask: { path: string; accept: string; etag?: string | undefined }) => Promise<HttpAnswer>;

/** One version of a group. */
interface GroupVersion {
  readonly version: string;
  readonly kinds: ReadonlyMap<string, ResourceKind>;
  /** Its server did not answer; `kinds` is what is remembered. */
  readonly down: boolean;
}

/** All that a server serves. */
export interface Catalogue {
  /** By group; versions in the server's order of preference. */
  readonly groups: ReadonlyMap<string, { readonly versions: readonly GroupVersion[] }>;
  readonly etags: { readonly core: string | undefined; readonly groups: string | undefined };
}

/** Aggregated discovery (KEP-3352): everything in two answers; older servers ignore what they do not know. */
export const aggregatedTypes = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/** Groups are read in parallel up to this many where they must be read one by one. */
const parallel = 8;

interface DiscoveredResource {
  readonly resource?: string;
  readonly responseKind?: { readonly kind?: string; readonly group?: string; readonly version?: string };
  readonly scope?: string;
  readonly verbs?: readonly string[];
}
interface AggregatedList {
  readonly kind?: string;
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version?: string;
      readonly freshness?: string;
      readonly resources?: readonly DiscoveredResource[];
    }[];
  }[];
}

/** Reads both aggregated lists; undefined if the server does not speak them. Unchanged ones (304) come from `before`. */
export function readAggregated(
  answers: { core: HttpAnswer; groups: HttpAnswer },
  before: Catalogue | undefined,
): Catalogue | undefined {
  const groups = new Map<string, { versions: GroupVersion[] }>();
  for (const [name, answer] of Object.entries(answers)) {
    if (answer.status === 304 && before !== undefined) {
      for (const [group, value] of before.groups)
        if ((group === '') === (name === 'core')) groups.set(group, { versions: [...value.versions] });
      continue;
    }
    const list = parse(answer) as AggregatedList;
    if (list.kind !== 'APIGroupDiscoveryList') return undefined;
    for (const item of list.items ?? []) {
      const group = item.metadata?.name ?? '';
      groups.set(group, {
        versions: (item.versions ?? []).map((version) => aggregatedVersion(group, version, before)),
      });
    }
  }
  return {
    groups,
    etags: { core: etagOf(answers.core, before?.etags.core), groups: etagOf(answers.groups, before?.etags.groups) },
  };
}

function etagOf(answer: HttpAnswer, before: string | undefined): string | undefined {
  return answer.headers.etag ?? (answer.status === 304 ? before : undefined);
}

function aggregatedVersion(
  group: string,
  found: { version?: string; freshness?: string; resources?: readonly DiscoveredResource[] },
  before: Catalogue | undefined,
): GroupVersion {
  const version = found.version ?? '';
  const down = found.freshness === 'Stale';
  const kinds = new Map<string, ResourceKind>();
  for (const { resource, responseKind, scope, verbs } of found.resources ?? []) {
    const kind = responseKind?.kind;
    if (!resource || !kind || kinds.get(kind)?.verbs.includes('get')) continue;
    kinds.set(kind, { group, version, kind, resource, namespaced: scope === 'Namespaced', verbs: verbs ?? [] });
  }
  // A server that went down is listed without its kinds: what it served is still the best guess.
  return { version, down, kinds: down && kinds.size === 0 ? remembered(before, group, version) : kinds };
}

interface GroupList {
  readonly groups?: readonly {
    readonly name?: string;
    readonly versions?: readonly { readonly version?: string }[];
    readonly preferredVersion?: { readonly version?: string };
  }[];
}
interface ResourceList {
  readonly kind?: string;
  readonly resources?: readonly {
    readonly name?: string;
    readonly kind?: string;
    readonly namespaced?: boolean;
    readonly verbs?: readonly string[];
  }[];
}

/** Reads each group by itself, for servers before aggregated discovery. A group that fails hides no other one. */
export async function readPerGroup(
  fetch: Fetch,
  known: { core: HttpAnswer; groups: HttpAnswer; before: Catalogue | undefined },
): Promise<Catalogue> {
  const listed = (parse(known.groups) as GroupList).groups ?? [];
  const wanted = [
    { group: '', version: 'v1' },
    ...listed.flatMap(({ name, versions, preferredVersion }) => {
      const all = (versions ?? []).map((entry) => entry.version ?? '');
      const first = preferredVersion?.version;
      const ordered = first === undefined ? all : [first, ...all.filter((version) => version !== first)];
      return ordered.map((version) => ({ group: name ?? '', version }));
    }),
  ];
  const groups = new Map<string, { versions: GroupVersion[] }>();
  for (let from = 0; from < wanted.length; from += parallel) {
    const some = await Promise.all(
      wanted.slice(from, from + parallel).map((each) => readVersion(fetch, each, known.before)),
    );
    for (const { group, version } of some) {
      const versions = groups.get(group)?.versions ?? [];
      groups.set(group, { versions: [...versions, version] });
    }
  }
  return { groups, etags: { core: undefined, groups: undefined } };
}

async function readVersion(
  fetch: Fetch,
  wanted: { group: string; version: string },
  before: Catalogue | undefined,
): Promise<{ group: string; version: GroupVersion }> {
  const { group, version } = wanted;
  const answer = await fetch({
    path: group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
    accept: 'application/json',
  });
  if (answer.status !== 200)
    return { group, version: { version, down: true, kinds: remembered(before, group, version) } };
  const kinds = new Map<string, ResourceKind>();
  for (const { name, kind, namespaced, verbs } of (parse(answer) as ResourceList).resources ?? []) {
    if (!name || !kind || name.includes('/') || kinds.get(kind)?.verbs.includes('get')) continue;
    kinds.set(kind, { group, version, kind, resource: name, namespaced: namespaced ?? false, verbs: verbs ?? [] });
  }
  return { group, version: { version, down: false, kinds } };
}

function remembered(before: Catalogue | undefined, group: string, version: string): ReadonlyMap<string, ResourceKind> {
  return before?.groups.get(group)?.versions.find((entry) => entry.version === version)?.kinds ?? new Map();
}

function parse(answer: HttpAnswer): unknown {
  try {
    if (answer.status === 200) return JSON.parse(answer.text);
  } catch (cause) {
    throw notDiscovery(answer, cause);
  }
  throw notDiscovery(answer, undefined);
}

function notDiscovery(answer: HttpAnswer, cause: unknown): FairleadError {
  return new FairleadError(
    `Cannot read what the API server serves: it answered ${answer.status} without a list of its groups; see that the address is an API server's`,
    {
      code: 'Unavailable',
      reason: 'ApiServerUnreachable',
      retry: 'backoff',
      cause,
    },
  );
}
