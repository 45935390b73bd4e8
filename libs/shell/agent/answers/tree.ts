import {
  fitting,
  operatorGroups,
  ownableKinds,
  treeOf,
  type KindName,
  type Root,
  type TreePlace,
} from '@fairlead/core/answers';
import { assessHealth, hasRule } from '@fairlead/core/health';
import {
  asFairleadError,
  mostAnswerBytes,
  parseKey,
  redacted,
  type KubeObject,
  type TreeAnswer,
  type TreeNode,
} from '@fairlead/core/model';
import type { ResourceKind } from '@fairlead/ports/cluster';
import { forEachLimited } from '../limited.ts';
import type { Item } from '../loop/item.ts';
import { kindText } from '../watch/watchers.ts';
import { asWhoMay, hiddenBecause, readObject, type Desk, type Subject } from './desk.ts';

/** Bounds of one look at a tree. */
const bounds = { objects: 2000, depth: 8, kinds: 60, namespaces: 20, listed: 2000, judged: 100, withinMs: 8_000 };

/** The objects of an application and what they own. */
export interface Grown {
  readonly places: readonly TreePlace[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/** The answer to a Query for a tree: with the health of what is owned, where its kind has a rule. */
export async function answerTree(desk: Desk, subject: Subject): Promise<TreeAnswer> {
  const { places, notes } = await growTree(desk, subject);
  const judged = await judgeOwned(desk, { subject, places });
  const objects = fitting(judged.nodes, mostAnswerBytes - 8192);
  const left = judged.nodes.length - objects.length;
  return {
    application: subject.application,
    objects: [...objects],
    notes: [...notes, ...judged.notes, ...(left > 0 ? [`${left} objects more would make the answer too long.`] : [])],
  };
}

/** Lists what can be owned by what the application brought, metadata only, and puts it below its owners. */
export async function growTree(desk: Desk, subject: Subject): Promise<Grown> {
  const roots = subject.items.map(rootOf).sort((a, b) => (a.object < b.object ? -1 : 1));
  const listed = await listOwned(desk, subject);
  const { places, isCut } = treeOf(roots, { owned: listed.owned, bounds });
  const shown = places.filter(({ node }) => {
    const key = parseKey(node.object);
    return node.depth === 0 || (key !== undefined && hiddenBecause(desk, key) === undefined);
  });
  const hidden = places.length - shown.length;
  return {
    places: shown,
    notes: [
      ...listed.notes,
      ...(isCut
        ? [`Only the first ${bounds.objects} objects, and ${bounds.depth} owners above one another, are shown.`]
        : []),
      ...(hidden > 0 ? [`${hidden} objects are not shown: the policy of the cluster's owner hides them.`] : []),
    ],
  };
}

function rootOf(item: Readonly<Item>): Root {
  const { text, entry, wanted, ignored, live, health, problem } = item;
  return {
    object: text,
    uid: entry?.uid,
    standing: wanted ? live : ignored ? 'Ignored' : 'Leaving',
    health: health.status,
    reason: problem?.reason ?? health.reason,
    message: redacted(problem?.message ?? health.message).slice(0, 2048),
  };
}

async function listOwned(desk: Desk, { items, readers }: Subject): Promise<{ owned: KubeObject[]; notes: string[] }> {
  const notes: string[] = [];
  const { cluster, clock } = desk.ground;
  const untilMs = clock.now() + bounds.withinMs;
  const kinds = await kindsToList(desk, items);
  const namespaces = [...new Set(items.map(({ key }) => key.namespace).filter(Boolean))].sort();
  if (kinds.length > bounds.kinds)
    notes.push(`Only ${bounds.kinds} of ${kinds.length} kinds that may be owned were looked at.`);
  if (namespaces.length > bounds.namespaces)
    notes.push(`Only ${bounds.namespaces} of ${namespaces.length} namespaces were looked at.`);
  const lists = kinds
    .slice(0, bounds.kinds)
    .flatMap((kind) =>
      kind.namespaced
        ? namespaces.slice(0, bounds.namespaces).map((namespace) => ({ kind, namespace }))
        : [{ kind, namespace: '' }],
    );
  const owned: KubeObject[] = [];
  let late = 0;
  await forEachLimited(lists, desk.ground.pace.limit, async ({ kind, namespace }) => {
    if (clock.now() > untilMs) return void (late += 1);
    try {
      const found = await asWhoMay(desk, readers, (identity) =>
        cluster.list(kind, { namespace, identity, metadataOnly: true, limit: bounds.listed }),
      );
      if (found.length === bounds.listed)
        notes.push(
          `Only ${bounds.listed} objects of the kind ${kindText(kind)} in ${namespace || 'the cluster'} were looked at.`,
        );
      for (const object of found) if (object.metadata.ownerReferences?.length) owned.push(slim(object));
    } catch (thrown) {
      notes.push(
        `${kindText(kind)} in ${namespace || 'the cluster'}: ${asFairleadError(thrown).message}`.slice(0, 1024),
      );
    }
  });
  if (late > 0) notes.push(`${late} lists were left out: the cluster took longer than ${bounds.withinMs / 1000} s.`);
  return { owned, notes: notes.slice(0, 32) };
}

async function kindsToList({ ground }: Desk, items: Subject['items']): Promise<readonly ResourceKind[]> {
  const { cluster } = ground;
  const roots: readonly KindName[] = items.map(({ key }) => key);
  const ofGroups = new Map<string, readonly ResourceKind[]>();
  for (const group of operatorGroups(roots)) ofGroups.set(group, await cluster.kindsOfGroup(group));
  const kinds: ResourceKind[] = [];
  for (const { group, kind } of ownableKinds(roots, (name) => ofGroups.get(name) ?? [])) {
    const found = ofGroups.get(group)?.find((each) => each.kind === kind) ?? (await cluster.preferredKind(group, kind));
    if (found && (found.verbs.length === 0 || found.verbs.includes('list'))) kinds.push(found);
  }
  return kinds;
}

/** All that a tree needs of an object: lists are long, and most of their metadata is managedFields. */
function slim({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, creationTimestamp, deletionTimestamp, ownerReferences } = metadata;
  const kept = { name, namespace, uid, creationTimestamp, deletionTimestamp, ownerReferences };
  const given = Object.entries(kept).filter(([, value]) => value !== undefined);
  return { apiVersion, kind, metadata: Object.fromEntries(given) };
}

async function judgeOwned(
  desk: Desk,
  { subject, places }: { subject: Subject; places: readonly TreePlace[] },
): Promise<{ nodes: readonly TreeNode[]; notes: readonly string[] }> {
  const nodes = places.map(({ node }) => node);
  const untilMs = desk.ground.clock.now() + bounds.withinMs;
  const judgeable = [...nodes.entries()].flatMap(([nth, node]) => {
    const key = node.depth > 0 ? parseKey(node.object) : undefined;
    return key && hasRule(key.group, key.kind) ? [{ nth, node, key }] : [];
  });
  let left = Math.max(0, judgeable.length - bounds.judged);
  await forEachLimited(judgeable.slice(0, bounds.judged), desk.ground.pace.limit, async ({ nth, node, key }) => {
    if (desk.ground.clock.now() > untilMs) return void (left += 1);
    try {
      const kind = await desk.ground.cluster.preferredKind(key.group, key.kind);
      const live = kind && (await readObject(desk, kind, { key, readers: subject.readers }));
      if (!live) return;
      const { status, reason, message } = assessHealth(live);
      nodes[nth] = { ...node, health: status, reason, message: redacted(message).slice(0, 2048) };
    } catch {
      // Its health stays unsaid; that it exists is known from the list.
      left += 1;
    }
  });
  return { nodes, notes: left > 0 ? [`The health of ${left} objects that are owned was not looked at.`] : [] };
}
