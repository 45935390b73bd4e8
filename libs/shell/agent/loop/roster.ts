import { hasRule } from '@fairlead/core/health';
import { keyText, type ApplicationId, type ObjectKey } from '@fairlead/core/model';
import type { InventoryEntry } from '@fairlead/core/prune';
import type { Identity } from '@fairlead/ports/cluster';
import { pause } from '../hub/pause.ts';
import { kindText } from '../watch/watchers.ts';
import type { Company } from './company.ts';
import type { Assignment, Ground } from './ground.ts';
import type { Inventory } from './inventory.ts';
import { newItem, type Item } from './item.ts';
import { isNamespace } from './manifest.ts';
import type { ResolvedObject } from './resolve.ts';

/** Options of {@link Roster}. */
export interface RosterOptions {
  readonly application: ApplicationId;
  readonly ground: Ground;
  readonly company: Company;
  readonly inventory: Inventory;
  /** Look again after so long. */
  readonly again: (afterMs: number) => void;
}

/** A watch that does not begin holds up nobody for longer; objects of its kind are read one by one. */
const watchWaitMs = 10_000;
/** How soon an object that another application has is tried again, if nothing is heard of it. */
const takenMs = 30_000;
const unknownKindPauses = { firstMs: 250, mostMs: 60_000 };

/** The objects that an application has or wants, and its claims on them. */
export class Roster {
  readonly items = new Map<string, Item>();
  readonly #options: RosterOptions;
  /** A watch that did not begin in time is waited for once. */
  readonly #waitedFor = new Set<string>();

  constructor(options: RosterOptions) {
    this.#options = options;
    for (const entry of options.inventory.entries()) this.take(entry);
  }

  all(): Item[] {
    return [...this.items.values()];
  }

  /** An object that the inventory names. */
  take(entry: InventoryEntry): Item {
    const text = keyText(entry.key);
    const item = this.items.get(text) ?? newItem(entry.key, text);
    item.entry ??= entry;
    this.items.set(text, item);
    const { company, application } = this.#options;
    company.claim(text, { application, shared: isNamespace(item.key) });
    return item;
  }

  /** Takes over what another application of the team had; it is applied anew. */
  inherit({ key, uid, origin, stage, ended, orphan }: InventoryEntry): void {
    const kept: InventoryEntry = {
      key,
      ...(uid === undefined ? {} : { uid }),
      ...(origin === undefined ? {} : { origin }),
      ...(stage === undefined ? {} : { stage }),
      ...(ended === undefined ? {} : { ended }),
      ...(orphan === undefined ? {} : { orphan }),
    };
    const item = this.take(kept);
    item.entry = kept;
    item.problem = undefined;
    item.live = 'Unknown';
    this.#options.inventory.mark(kept);
  }

  /** The Namespace was made by another application here, which has left it. */
  inheritOrigin(text: string): void {
    const item = this.items.get(text);
    if (item?.entry === undefined) return;
    item.entry = { ...item.entry, origin: 'Created' };
    this.#options.inventory.mark(item.entry);
  }

  /** Nothing of the object is this application's any more. */
  forget(key: ObjectKey): void {
    const text = keyText(key);
    this.items.delete(text);
    this.#options.inventory.drop(key);
    this.#options.company.unclaim(text, this.#options.application);
  }

  /** Notes what the bundle asks for; what it does not name leaves. */
  want(resolved: readonly ResolvedObject[]): void {
    const nowMs = this.#options.ground.clock.now();
    const wanted = new Set<string>();
    for (const { object, text, kind, refusal, comes } of resolved) {
      const item = this.items.get(text) ?? newItem(object.key, text);
      this.items.set(text, item);
      item.kind = kind;
      wanted.add(text);
      item.ignored = object.apply === 'Ignore';
      if (item.ignored) {
        this.#ignore(item);
        continue;
      }
      item.wanted = object;
      const stands = item.problem?.retryAtMs === Number.POSITIVE_INFINITY || item.problem?.reason === 'KindUnknown';
      if (refusal) item.problem = { ...refusal, tries: 1, retryAtMs: Number.POSITIVE_INFINITY, digest: object.digest };
      else if (!kind) this.#unknownKind(item, comes);
      else if (stands) item.problem = undefined;
      if (item.problem && item.problem.retryAtMs > nowMs) this.#options.again(item.problem.retryAtMs - nowMs);
    }
    for (const item of this.items.values()) {
      if (wanted.has(item.text)) continue;
      item.ignored = false;
      this.#unwant(item);
    }
    const { company, application } = this.#options;
    company.lacksKinds(application, this.lacksKinds());
  }

  /** True if the API server does not know the kind of something that is wanted. */
  lacksKinds(): boolean {
    return this.all().some((item) => item.wanted && !item.kind);
  }

  /** Nothing is wanted any more. */
  wantNothing(): void {
    this.want([]);
  }

  /** What failed may be tried at once: there is a new word about it. */
  forgive(): void {
    for (const item of this.items.values())
      if (item.problem && item.problem.retryAtMs !== Number.POSITIVE_INFINITY)
        item.problem = { ...item.problem, retryAtMs: 0 };
  }

  /** Claims what is wanted and in no inventory yet; what another application has becomes a problem of the item. */
  claimNew(): Item[] {
    return this.all().filter((item) => item.wanted && item.kind && !item.entry && this.#claims(item));
  }

  /** Begins the watches of all kinds, and waits for their first lists within a bound. */
  async watch(by: { account: Identity; rules?: Assignment['rules']; signal: AbortSignal }): Promise<void> {
    const { ground } = this.#options;
    const watchers = ground.watchers();
    const kinds = new Map(this.all().flatMap(({ key, kind }) => (kind ? [[kindText(key), kind] as const] : [])));
    const begun = [...kinds]
      .filter(([, { verbs }]) => verbs.length === 0 || (verbs.includes('list') && verbs.includes('watch')))
      .map(([text, kind]) => {
        const watched = watchers.watch({ kind, whole: hasRule(kind.group, kind.kind, by.rules), fallback: by.account });
        return this.#waitedFor.has(text) ? Promise.resolve() : watched;
      });
    for (const text of kinds.keys()) this.#waitedFor.add(text);
    const late = new AbortController();
    const waited = pause(ground.clock, watchWaitMs, AbortSignal.any([by.signal, late.signal]));
    await Promise.race([Promise.all(begun), waited]);
    late.abort();
  }

  /** What was applied, and the list of its kind did not name. */
  unlisted(kind: { group: string; kind: string }): Item[] {
    const watchers = this.#options.ground.watchers();
    return this.all().filter(
      ({ key, entry, live }) =>
        key.kind === kind.kind &&
        key.group === kind.group &&
        entry?.manifest !== undefined &&
        live !== 'Absent' &&
        !watchers.sighting(key),
    );
  }

  /** Asks for the kinds of what is left of an earlier bundle. */
  async findKinds(): Promise<void> {
    const { cluster } = this.#options.ground;
    for (const item of this.items.values()) item.kind ??= await cluster.preferredKind(item.key.group, item.key.kind);
  }

  /** It stays as it is, also when it leaves the bundle one day: whoever was told to leave it alone does not delete it. */
  #ignore(item: Item): void {
    this.#unwant(item);
    if (!item.entry || item.entry.orphan) return;
    item.entry = { ...item.entry, orphan: true };
    this.#options.inventory.mark(item.entry);
  }

  #unwant(item: Item): void {
    item.wanted = undefined;
    item.problem = undefined;
    item.isRenewed = false;
    if (!item.entry) this.items.delete(item.text);
  }

  #unknownKind(item: Item, comes: boolean): void {
    const nowMs = this.#options.ground.clock.now();
    const before = item.problem?.reason === 'KindUnknown' ? item.problem : undefined;
    if (before && before.retryAtMs > nowMs) return;
    const tries = before?.tries ?? 0;
    const pauseMs = Math.min(unknownKindPauses.mostMs, unknownKindPauses.firstMs * 2 ** Math.min(tries, 16));
    const kind = kindText(item.key);
    const message = comes
      ? `${item.text} waits until the CustomResourceDefinition of ${kind}, which comes with it, is established`
      : `Cannot apply ${item.text}: the API server does not know the kind ${kind}; it is tried again when its CustomResourceDefinition is there`;
    const digest = item.wanted?.digest ?? '';
    item.problem = {
      reason: 'KindUnknown',
      message,
      tries: tries + 1,
      retryAtMs: nowMs + pauseMs,
      digest,
      ...(comes ? { awaited: true } : {}),
    };
  }

  #claims(item: Item): boolean {
    const { company, ground, application, again } = this.#options;
    const shared = isNamespace(item.key);
    const sighting = shared ? undefined : ground.watchers().sighting(item.key);
    const stranger = sighting && sighting.owner !== application && sighting.owner !== '' ? sighting.owner : undefined;
    const other = company.claim(item.text, { application, shared }) ?? stranger;
    if (other === undefined) {
      if (item.problem?.reason === 'ObjectTaken') item.problem = undefined;
      return item.problem === undefined;
    }
    if (other === stranger) company.unclaim(item.text, application);
    const message = `Cannot apply ${item.text}: it belongs to the application ${other}; take it out of one of the two`;
    const retryAtMs = ground.clock.now() + takenMs;
    item.problem = { reason: 'ObjectTaken', message, tries: 1, retryAtMs, digest: item.wanted?.digest ?? '' };
    again(takenMs);
    return false;
  }
}
