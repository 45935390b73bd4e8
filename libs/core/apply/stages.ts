import { keyText, type ObjectKey } from '@fairlead/core/model';

/** The groups of a stage, in the order in which they are applied. */
export type GroupName = 'Definitions' | 'ClusterScoped' | 'Base' | 'Rest' | 'Late';

/** Objects that may be applied at the same time. */
export interface ApplyGroup<Item> {
  readonly name: GroupName;
  /** Place of the group in a stage, from 0. */
  readonly rank: number;
  /**
   * What the next group waits for: `Established` – every definition is served and every namespace active; `Answers` – the server has
   * answered every apply.
   */
  readonly until: 'Established' | 'Answers';
  readonly items: readonly Item[];
}

/** Objects that are applied, and healthy, before a later stage begins. */
export interface ApplyStage<Item> {
  readonly stage: number;
  /** None is empty. */
  readonly groups: readonly ApplyGroup<Item>[];
}

const groups: readonly GroupName[] = ['Definitions', 'ClusterScoped', 'Base', 'Rest', 'Late'];

/** Kinds by `GROUP/KIND`. Webhooks and aggregated APIs answer only once what is behind them runs. */
const late: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'apiregistration.k8s.io/APIService',
]);

/** What workloads name when they start. */
const base: ReadonlySet<string> = new Set([
  '/ServiceAccount',
  '/Secret',
  '/ConfigMap',
  '/PersistentVolumeClaim',
  '/ResourceQuota',
  '/LimitRange',
  '/Service',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'networking.k8s.io/NetworkPolicy',
]);

/** True for kinds that others need before they can be applied at all. */
export function isDefinition(key: Pick<ObjectKey, 'group' | 'kind'>): boolean {
  const kind = `${key.group}/${key.kind}`;
  return kind === '/Namespace' || kind === 'apiextensions.k8s.io/CustomResourceDefinition';
}

/** The group of an object within its stage. Its key is the filled-in one: without a namespace it is cluster-scoped. */
export function groupNameOf(key: ObjectKey): GroupName {
  const kind = `${key.group}/${key.kind}`;
  if (isDefinition(key)) return 'Definitions';
  if (late.has(kind)) return 'Late';
  if (key.namespace === '') return 'ClusterScoped';
  return base.has(kind) ? 'Base' : 'Rest';
}

/** Place of an object's group in its stage, from 0. Objects leave in the reverse order. */
export function rankOf(key: ObjectKey): number {
  return groups.indexOf(groupNameOf(key));
}

/**
 * The order of an apply: stages by number, and in each the groups that it has, in order. Definitions that name no stage of their own
 * go with the first stage, since an earlier stage may need them. Nothing depends on the order of the input; every item is in exactly
 * one group.
 */
export function planStages<Item extends { readonly key: ObjectKey; readonly stage: number }>(
  items: readonly Item[],
): readonly ApplyStage<Item>[] {
  const first = items.reduce((least, item) => Math.min(least, item.stage), 0);
  const stageOf = (item: Item) => (item.stage === 0 && isDefinition(item.key) ? first : item.stage);
  const byStage = Map.groupBy(sorted(items), stageOf);
  return [...byStage.keys()]
    .sort((a, b) => a - b)
    .map((stage) => ({ stage, groups: groupsOf(byStage.get(stage) ?? []) }));
}

function groupsOf<Item extends { readonly key: ObjectKey }>(items: readonly Item[]): readonly ApplyGroup<Item>[] {
  const byName = Map.groupBy(items, (item) => groupNameOf(item.key));
  return groups.flatMap((name, rank): readonly ApplyGroup<Item>[] => {
    const members = byName.get(name);
    return members ? [{ name, rank, until: name === 'Definitions' ? 'Established' : 'Answers', items: members }] : [];
  });
}

function sorted<Item extends { readonly key: ObjectKey }>(items: readonly Item[]): readonly Item[] {
  const keyed = items.map((item) => ({ item, text: keyText(item.key) }));
  return keyed.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ item }) => item);
}
