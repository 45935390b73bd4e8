import { ledgerFile, writeHub, writeMember } from '@fairlead/core/documents';
import {
  comparePositions,
  isDigest,
  type ClusterName,
  type Digest,
  type HubFile,
  type JsonObject,
  type Member,
} from '@fairlead/core/model';
import type { Change, ClusterRow, Store } from '@fairlead/ports/store';
import { memberPrefix } from './board.ts';
import { commitMessage, type DraftGround, type LedgerDraft } from './drafts.ts';
import type { HubState } from './round.ts';

/** Fact under which the store knows its epoch. */
const hubKey = 'hub';

/** What the store knows of the hub. */
export async function loadHub(store: Store): Promise<HubState> {
  const fact = await store.fact(hubKey);
  return { ...(fact as HubState | undefined) };
}

/** The epoch that the ledger must be raised to, and whether the store's rows are worth nothing any more. */
export interface EpochStep {
  readonly epoch: number;
  readonly recovered: boolean;
  readonly message: string;
}

/**
 * Whether the epoch must be raised: on a first start, on an empty or restored store, and when an agent has accepted a
 * position that the store does not know. Undefined while all is well, and while the hub has to wait (another hub raised
 * it, or the ledger's file cannot be read).
 */
export function nextEpoch(
  hub: HubState,
  at: {
    readonly ledgerEpoch: number | undefined;
    readonly members: number;
    readonly starting: boolean;
    readonly rows: readonly ClusterRow[];
  },
): EpochStep | undefined {
  const { ledgerEpoch, members, starting, rows } = at;
  if (ledgerEpoch === undefined) return undefined;
  if (hub.epoch === undefined) {
    const fresh = ledgerEpoch === 0 && members === 0;
    const message = fresh ? 'the first start' : 'the hub starts on an empty store';
    return { epoch: ledgerEpoch + 1, recovered: !fresh, message };
  }
  if (hub.epoch < ledgerEpoch) {
    return starting
      ? { epoch: ledgerEpoch + 1, recovered: true, message: 'the hub starts on an older store' }
      : undefined;
  }
  if (hub.epoch > ledgerEpoch) return { epoch: hub.epoch + 1, recovered: false, message: 'the ledger went back' };
  const current = hub.epoch;
  const unknown = rows.find(({ ackedPosition, position }) => {
    // An older epoch is behind every head that is still to come.
    if (ackedPosition === undefined || ackedPosition.epoch < current) return false;
    const known = position?.epoch === current ? position : { epoch: current, generation: 0 };
    return comparePositions(ackedPosition, known) > 0;
  });
  if (unknown === undefined) return undefined;
  const top = Math.max(hub.epoch, unknown.ackedPosition?.epoch ?? 0);
  return { epoch: top + 1, recovered: true, message: `${unknown.cluster} has a position that the store does not know` };
}

/** The commit that raises the epoch. */
export async function draftEpoch(ground: DraftGround, step: EpochStep): Promise<LedgerDraft> {
  const { repository, snapshot, author } = ground;
  const path = ledgerFile(snapshot.ledgerPath, { kind: 'Hub' });
  const previous = await repository.file(snapshot.head, path);
  const file: HubFile = {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Hub',
    metadata: { name: 'hub' },
    spec: { epoch: step.epoch },
  };
  return {
    message: commitMessage(`Epoch ${step.epoch}`, [['Fairlead-Reason', step.message]]),
    files: new Map([[path, writeHub(file, previous?.text)]]),
    author,
    about: {
      type: 'EpochRaised',
      trouble: { reason: 'EpochBehind', message: `Epoch ${step.epoch}: ${step.message}.` },
    },
  };
}

/**
 * What the store says once the ledger has the new epoch; after a loss, what the old rows said is forgotten. At a start
 * that goes for statuses too, and `restored` makes each agent say Hello; later they are those of the streams that are open.
 * Clusters that have spoken since `sinceMs` are seen.
 */
export async function afterEpoch(
  store: Store,
  {
    step,
    sinceMs,
    starting,
    restored,
  }: { step: EpochStep; sinceMs: number; starting: boolean; restored: () => readonly Change[] },
): Promise<Change[]> {
  const value: JsonObject = { epoch: step.epoch, ...(step.recovered ? { recoveredAtMs: sinceMs } : {}) };
  const hub: Change = { put: 'fact', key: hubKey, value };
  if (!step.recovered) return [hub];
  const [rows, memories, clusters] = await Promise.all([
    store.assignments({}),
    store.facts('rollout:'),
    store.clusters(),
  ]);
  return [
    hub,
    ...rows.map(({ cluster, application }): Change => ({ drop: 'assignment', cluster, application })),
    ...[...memories.keys()].map((key): Change => ({ drop: 'fact', key })),
    ...(starting
      ? [
          ...clusters.map(({ cluster }): Change => ({ put: 'contact', row: { cluster, statusDigest: undefined } })),
          ...restored(),
        ]
      : []),
  ];
}

/** A cluster that enrolled: the fact `membership:NAME` that a gateway wrote. */
interface Enrolment {
  readonly cluster: string;
  readonly key: Digest;
  readonly labels: Readonly<Record<string, string>>;
  readonly kubernetes: string;
}

const membershipPrefix = 'membership:';

/** Enrolments that wait for their commit. A fact that is none is left alone and does nothing. */
export async function loadEnrolments(store: Store): Promise<readonly Enrolment[]> {
  const facts = await store.facts(membershipPrefix);
  return [...facts].flatMap(([key, value]) => {
    const digest = value['key'];
    const kubernetes = value['kubernetes'];
    if (typeof digest !== 'string' || !isDigest(digest)) return [];
    const labels = (value['labels'] ?? {}) as Record<string, string>;
    const cluster = key.slice(membershipPrefix.length);
    return [{ cluster, key: digest, labels, kubernetes: typeof kubernetes === 'string' ? kubernetes : '' }];
  });
}

/** The one commit for all clusters that joined, changed their key, or run another version of Kubernetes. */
export async function draftMembers(
  ground: DraftGround,
  { enrolments, rows }: { enrolments: readonly Enrolment[]; rows: ReadonlyMap<string, ClusterRow> },
): Promise<LedgerDraft | undefined> {
  const { repository, snapshot, author } = ground;
  const wanted = new Map<string, Member['spec']>();
  for (const [name, { spec }] of snapshot.ledger.members) {
    const kubernetes = versionOf(rows.get(name)?.kubernetesVersion);
    if (kubernetes !== undefined && kubernetes !== spec.kubernetes) wanted.set(name, { ...spec, kubernetes });
  }
  for (const { cluster, key, labels, kubernetes } of enrolments) {
    const before = snapshot.ledger.members.get(cluster)?.spec;
    const version = versionOf(kubernetes) ?? versionOf(rows.get(cluster)?.kubernetesVersion) ?? before?.kubernetes;
    if (before?.key === key || version === undefined || snapshot.ledger.brokenMembers.has(cluster)) continue;
    wanted.set(cluster, { ...before, labels, key, kubernetes: version });
  }
  if (wanted.size === 0) return undefined;
  const files = new Map<string, string>();
  for (const [name, spec] of wanted) {
    const path = ledgerFile(snapshot.ledgerPath, { kind: 'Member', name });
    const previous = await repository.file(snapshot.head, path);
    files.set(
      path,
      writeMember({ apiVersion: 'fairlead.dev/v1alpha1', kind: 'Member', metadata: { name }, spec }, previous?.text),
    );
  }
  const names = [...wanted.keys()].sort();
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  const joins = names.some((name) => !snapshot.ledger.members.has(name));
  return {
    message: commitMessage(`${joins ? 'Join' : 'Update'} ${shown}`, []),
    files,
    author,
    about: {
      type: 'MembersChanged',
      trouble: { reason: 'Current', message: `${joins ? 'Joined' : 'Updated'}: ${shown}.` },
    },
  };
}

/** A version as ledger files write it; undefined for what is none. */
function versionOf(text: string | undefined): string | undefined {
  return text !== undefined && /^v\d+\.\d+\.\d+/.test(text) ? text : undefined;
}

/** Cheap enough to ask of ten thousand members in each round. */
function saysSame(fact: JsonObject | undefined, spec: Member['spec']): boolean {
  if (fact === undefined || fact['key'] !== spec.key || fact['kubernetes'] !== spec.kubernetes) return false;
  const labels = fact['labels'] as Readonly<Record<string, string>>;
  const names = Object.keys(spec.labels);
  return names.length === Object.keys(labels).length && names.every((name) => labels[name] === spec.labels[name]);
}

/**
 * The changes that keep the store's members as the ledger's: `member:NAME` facts for gateways, enrolments that are
 * committed, and rows of clusters whose membership ended. What a cluster runs stays as it is.
 */
export function keepMembers(
  { snapshot, facts }: Pick<DraftGround, 'snapshot'> & { readonly facts: ReadonlyMap<string, JsonObject> },
  { enrolments, rows }: { enrolments: readonly Enrolment[]; rows: ReadonlyMap<string, ClusterRow> },
): Change[] {
  const changes: Change[] = [];
  const { members, brokenMembers } = snapshot.ledger;
  const rung = new Set<ClusterName>();
  for (const [name, { spec }] of members) {
    if (saysSame(facts.get(name), spec)) continue;
    const value: JsonObject = { key: spec.key, labels: { ...spec.labels }, kubernetes: spec.kubernetes };
    changes.push({ put: 'fact', key: `${memberPrefix}${name}`, value });
    rung.add(name as ClusterName);
  }
  for (const { cluster, key } of enrolments) {
    if (members.get(cluster)?.spec.key !== key) continue;
    changes.push({ drop: 'fact', key: `${membershipPrefix}${cluster}` });
    rung.add(cluster as ClusterName);
  }
  for (const name of facts.keys()) {
    if (members.has(name) || brokenMembers.has(name)) continue;
    const waits = enrolments.some(({ cluster }) => cluster === name);
    changes.push(
      { drop: 'fact', key: `${memberPrefix}${name}` },
      ...(waits || !rows.has(name) ? [] : [{ drop: 'cluster', cluster: name as ClusterName } as const]),
    );
    rung.add(name as ClusterName);
  }
  if (rung.size > 0) changes.push({ put: 'outbox', row: { subject: 'members', payload: { clusters: [...rung] } } });
  return changes;
}
