import { FairleadError, type ClusterName, type Digest } from '@fairlead/core/model';
import type { Ground } from '@fairlead/roles/ground';
import { readReport } from '@fairlead/shell/planner';
import { fleetFact } from '@fairlead/shell/sources';

/** What a gateway knows of the planner, whichever process that is in. */
export interface PlannerSeen {
  /** True while the store's epoch is the ledger's, by the word of a planner that was heard since this gateway began. */
  readonly epochReady: () => boolean;
  /** Members as the ledger has them. Throws NotSeenYet as long as a name without a fact may still get one. */
  readonly member: (cluster: ClusterName) => Promise<{ readonly key: Digest } | undefined>;
  /** What was heard counts no more: the store was set back, and a planner has to look at git again. */
  forget(): void;
  /** Begins to listen, and asks the planner for its word; `changed` is called when readiness is another. */
  follow(changed: () => void): () => void;
}

/**
 * Reads the planner's facts at its bell. A store that was restored from a copy agrees with itself: only a planner that
 * reads git can tell that it is old, so a gateway gives out nothing before it has heard one.
 */
export function followPlanner({ store, bus, onProblem }: Ground): PlannerSeen {
  let heard = false;
  let ready = false;
  const ask = (): void => void bus.publish('head', {}).catch(onProblem);
  const look = async (): Promise<boolean> => {
    const [hub, fleet] = await Promise.all([store.fact('hub'), store.fact(fleetFact)]);
    const epoch = hub?.['epoch'];
    return heard && typeof epoch === 'number' && epoch === fleet?.['epoch'];
  };
  return {
    epochReady: () => ready,
    async member(cluster) {
      const key = (await store.fact(`member:${cluster}`))?.['key'];
      if (typeof key === 'string') return { key: key as Digest };
      if (heard && (await readReport(store)).settled) return undefined;
      throw new FairleadError('Cannot say who is a member: the ledger was not read yet.', {
        code: 'Unavailable',
        reason: 'NotSeenYet',
        retry: 'backoff',
      });
    },
    forget() {
      heard = ready = false;
      ask();
    },
    follow(changed) {
      const update = async (): Promise<void> => {
        const before = ready;
        ready = await look();
        if (ready !== before) changed();
      };
      const stops = [
        bus.subscribe(
          'fleet',
          async () => {
            heard = true;
            await update();
          },
          { lost: ask },
        ),
        // A raised epoch is a line of the journal.
        bus.subscribe('events', update, { lost: ask }),
      ];
      ask();
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
