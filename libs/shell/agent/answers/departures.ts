import { keyText, type ApplicationId, type ObjectDeparture } from '@fairlead/core/model';
import type { PruneDecision, PruneNote } from '@fairlead/core/prune';
import type { Assignment } from '../loop/ground.ts';
import type { Item } from '../loop/item.ts';
import { lookAndDecide } from '../loop/leave.ts';
import { isNamespace } from '../loop/manifest.ts';
import type { Desk } from './desk.ts';

/** What would become of the application's objects that a bundle does not name, were everything in it applied. */
export async function departuresOf(
  desk: Desk,
  { assignment, keys }: { readonly assignment: Assignment; readonly keys: ReadonlySet<string> },
): Promise<readonly ObjectDeparture[]> {
  const { entry, index } = assignment;
  const items = itemsOf(desk, entry.application);
  if (!items.some((item) => item.entry && !keys.has(item.text))) return [];
  const terms = {
    application: entry.application,
    serviceAccount: index.serviceAccount,
    // Copies: the look notes kinds on what it looks at, and the loop's own are none of a plan's business.
    items: items.map((item) => ({ ...item })),
    wanted: { keys, complete: true } as const,
    sync: index.sync,
    acknowledged: entry.acknowledged,
    passFailed: false,
    renewed: 0,
    handedTo: new Map<string, ApplicationId>(),
    shared: sharedNamespaces(desk, entry.application),
  };
  const { decision } = await lookAndDecide(desk.ground, terms);
  return shown(decision).toSorted((a, b) => (a.object < b.object ? -1 : 1));
}

function itemsOf({ crew }: Desk, application: ApplicationId): readonly Readonly<Item>[] {
  return crew.loop(application)?.items() ?? [];
}

function sharedNamespaces(desk: Desk, application: ApplicationId): ReadonlySet<string> {
  const others = desk.ground.state.applications().filter((other) => other !== application);
  return new Set(
    others.flatMap((other) => itemsOf(desk, other).flatMap(({ key, text }) => (isNamespace(key) ? [text] : []))),
  );
}

function shown(decision: PruneDecision): ObjectDeparture[] {
  const kept = ({ key, reason, message }: PruneNote): ObjectDeparture => ({
    object: keyText(key),
    action: 'Keep',
    reason,
    message: message.slice(0, 1024),
  });
  return [
    ...decision.delete.map(({ key }) => ({ object: keyText(key), action: 'Delete' as const })),
    ...decision.release.map(({ key }) => ({ object: keyText(key), action: 'Release' as const })),
    ...decision.held.map(kept),
    ...decision.forget.filter(({ reason }) => reason !== 'ObjectMissing').map(kept),
  ];
}
