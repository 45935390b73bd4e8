import { assessHealth, endedAs, type Health } from '@fairlead/core/health';
import type { KubeObject } from '@fairlead/core/model';
import type { Desk } from './desk.ts';
import type { Item } from './item.ts';
import { StorageClasses } from './storage.ts';

/** Judges the health of objects, and notes the end of what runs to one. */
export class Vitals {
  readonly #desk: Desk;
  readonly #classes: StorageClasses;
  /** Claims that were judged before anybody knew their class. */
  readonly #unsure = new Map<Item, KubeObject>();

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#classes = new StorageClasses(desk.ground);
  }

  /** Takes a look at the live object. */
  assess(item: Item, object: KubeObject): void {
    const { events } = this.#desk;
    const before = item.health;
    this.#unsure.delete(item);
    item.health = isLeftAlone(item) ? leftAlone : this.#healthOf(item, object);
    if (before.status === item.health.status && before.message === item.health.message) return;
    if (item.key.kind === 'CustomResourceDefinition' && item.health.status === 'Healthy') events.kindsChanged();
    this.#noteEnd(item, object);
    events.changed();
  }

  /** A Job that ran to its end before this bundle came, and is the same in it, is done in it too. */
  carryEnd(item: Item): void {
    const bundle = this.#desk.assignment()?.entry.bundle;
    const { entry } = item;
    if (!bundle || item.live !== 'AsApplied' || !entry?.ended || entry.ended.bundle === bundle) return;
    item.entry = { ...entry, ended: { ...entry.ended, bundle } };
    this.#desk.inventory.mark(item.entry);
  }

  #healthOf(item: Item, object: KubeObject): Health {
    const rules = this.#desk.assignment()?.rules;
    return assessHealth(object, {
      ...(rules === undefined ? {} : { rules }),
      bindingMode: (name) => this.#classes.modeOf(name) ?? this.#learn(name, { item, object }),
    });
  }

  /** The claim is judged again when its class is known, unless it has changed since. */
  #learn(name: string, { item, object }: { item: Item; object: KubeObject }): undefined {
    this.#unsure.set(item, object);
    void this.#classes.learn(name).then((isKnown) => {
      if (isKnown && this.#unsure.get(item) === object) this.assess(item, object);
    });
  }

  #noteEnd(item: Item, object: KubeObject): void {
    const { inventory, events } = this.#desk;
    const as = endedAs(object);
    const bundle = this.#desk.assignment()?.entry.bundle;
    const { entry, wanted } = item;
    if (!as || !bundle || !entry?.uid || entry.ended?.bundle === bundle) return;
    item.entry = { ...entry, ended: { bundle, as } };
    inventory.mark(item.entry);
    // The next run has waited for the end of this one.
    if (wanted?.run === 'once' && wanted.digest !== entry.manifest) events.again(0);
  }
}

const leftAlone: Health = { status: 'Healthy', reason: 'Current', message: 'it existed before, and is left as it is' };

/** It is only to be created, and was there: nothing of ours is on it, and no watch tells of it. */
function isLeftAlone({ entry, wanted }: Item): boolean {
  return wanted?.apply === 'CreateOnly' && entry?.manifest !== undefined && entry.reduction === undefined;
}
