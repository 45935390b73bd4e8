import { keyText, type ApplicationId } from '@fairlead/core/model';
import type { Company } from './company.ts';
import type { Ground } from './ground.ts';
import type { Item } from './item.ts';
import type { Keeper } from './keeper.ts';
import { leave, type LeaveResult, type LeaveWork } from './leave.ts';
import type { Roster } from './roster.ts';

/** Those whose objects leave. */
export interface Departing {
  readonly application: ApplicationId;
  readonly ground: Ground;
  readonly company: Company;
  readonly roster: Roster;
  readonly keeper: Keeper;
  readonly departures: Departures;
}

/** Under which conditions objects leave. */
export type DepartWork = Pick<
  LeaveWork,
  'serviceAccount' | 'wanted' | 'sync' | 'acknowledged' | 'passFailed' | 'renewed' | 'signal'
>;

/** Lets go of what is no longer wanted: settles what is uncertain, asks who inherits, then leaves. */
export async function depart(by: Departing, work: DepartWork): Promise<LeaveResult> {
  const { application, ground, company, roster, keeper, departures } = by;
  // Whoever inherits under this position must be known before anything is deleted.
  const isKnown = work.passFailed || (await company.othersResolved(application));
  for (const item of roster.all())
    if (!item.wanted && item.entry && item.entry.uid === undefined) await keeper.settleOnly(item);
  const items = roster.all().filter(({ entry }) => entry !== undefined);
  const heirs = items.flatMap(({ text, wanted }) => {
    const heir = wanted ? undefined : company.heirOf(text, application);
    return heir === undefined ? [] : [[text, heir] as const];
  });
  const shared = items.filter(({ text }) => company.isShared(text, application)).map(({ text }) => text);
  return leave(ground, {
    ...work,
    passFailed: work.passFailed || !isKnown,
    application,
    items,
    handedTo: new Map(heirs),
    shared: new Set(shared),
    bequeath: (text) => company.bequeath(text, application),
    gone: (item) => departures.of(item, work.signal),
    forget: (key) => roster.forget(key),
    handOver: (key, to) => {
      const entry = roster.items.get(keyText(key))?.entry;
      roster.forget(key);
      if (entry) company.handIn(entry, to);
    },
  });
}

/** A deletion that finalizers hold is waited for so long before those that come after it. */
export const goneWaitMs = 60_000;

/** Waits for objects to go. */
export class Departures {
  readonly #ground: Pick<Ground, 'clock'>;
  readonly #waiting = new Map<string, () => void>();

  constructor(ground: Pick<Ground, 'clock'>) {
    this.#ground = ground;
  }

  /** Resolves when the item is gone, the signal says so, or it has taken too long. */
  of(item: Item, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#waiting.delete(item.text);
        resolve();
      };
      const cancel = this.#ground.clock.after(goneWaitMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.set(item.text, done);
    });
  }

  /** The watch says that it is gone. */
  seen(item: Item): void {
    this.#waiting.get(item.text)?.();
  }
}
