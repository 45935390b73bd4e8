import type { ApplicationId, DriftItem, KubeObject } from '@fairlead/core/model';
import type { Namespaces } from '../namespaces.ts';
import { accountOf, look, type Assignment, type Ground } from './ground.ts';
import type { Inventory } from './inventory.ts';
import type { Item } from './item.ts';
import type { Viewer } from './live.ts';
import { trackingFor } from './manifest.ts';

/** What a keeper tells its loop. */
export interface KeeperEvents {
  /** Something that the status shows changed. */
  changed(): void;
  /** A pass should look again, at once or after so long. */
  again(afterMs: number): void;
  /** An object that was leaving may be gone. */
  left(item: Item): void;
  drift(item: DriftItem): void;
  /** An apply was refused; the item's problem says why. */
  failed(item: Item): void;
  /** The API server may know kinds that it did not know. */
  kindsChanged(): void;
}

/** What the parts of a keeper work with. */
export interface Desk {
  readonly application: ApplicationId;
  readonly ground: Ground;
  readonly namespaces: Namespaces;
  readonly inventory: Inventory;
  readonly events: KeeperEvents;
  /** Undefined: nothing is wanted, and drift is nobody's concern. */
  readonly assignment: () => Assignment | undefined;
}

/** As whom the application looks at an object. */
export function viewerOf(desk: Pick<Desk, 'application'>, item: Item, assignment: Assignment): Viewer {
  const { application } = desk;
  return {
    application,
    key: item.key,
    manager: trackingFor(item.key, application).fieldManager,
    ignore: assignment.index.ignore,
  };
}

/** Reads an object as the application; undefined if it does not exist. */
export async function lookAt(
  desk: Desk,
  item: Item,
  options: { metadataOnly?: boolean } = {},
): Promise<KubeObject | undefined> {
  const { application, ground, inventory } = desk;
  const kind = item.kind;
  if (!kind) return undefined;
  const serviceAccount = desk.assignment()?.index.serviceAccount ?? inventory.facts?.serviceAccount ?? '';
  const account = accountOf(serviceAccount, ground, application);
  return ground.pace.run('correction', () => look(ground, kind, { key: item.key, account, ...options }));
}
