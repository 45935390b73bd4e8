import type { ApplicationId, DesiredEntry, DriftItem, Reason } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AcceptedState, LoopStatus, Reporter } from '@fairlead/shell/agent';
import { outcomeOf, type Behaviour, type Outcome } from './behaviour.ts';
import type { BlobCache } from './blobs.ts';

/** What a pretended cluster is made of. */
export interface FakeClusterParts {
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly blobs: BlobCache;
  readonly reporter: Reporter;
  readonly clock: Clock;
}

type Said = Pick<LoopStatus, 'sync' | 'health' | 'reason' | 'message'> & { readonly healthySinceMs?: number };

const words = {
  applying: { sync: 'Applying', health: 'Progressing', reason: 'Applying', message: 'objects are being applied' },
  failed: { sync: 'Failed', health: 'Unknown', reason: 'ApplyFailed', message: 'the pretended API server refused one' },
  progressing: {
    sync: 'InSync',
    health: 'Progressing',
    reason: 'ReplicasUnavailable',
    message: 'one object is not ready yet',
  },
  healthy: { sync: 'InSync', health: 'Healthy', reason: 'Applied', message: 'every object is as it was applied' },
  bad: { sync: 'InSync', health: 'Degraded', reason: 'ReconcileFailed', message: 'one object turned bad' },
} as const satisfies Record<string, Said>;

/** Stands in the place of loops and API server: takes desired states and says what would have come of them. */
export class FakeCluster {
  readonly #parts: FakeClusterParts;
  readonly #running = new Map<ApplicationId, { readonly entry: DesiredEntry; cancel: () => void }>();

  constructor(parts: FakeClusterParts) {
    this.#parts = parts;
  }

  /** What is asked for the first time, or anew, is pretended to be applied; the rest stays undisturbed. */
  accept({ entries, tombstones }: AcceptedState, traceparent?: string): void {
    const { reporter } = this.#parts;
    for (const entry of entries) {
      const before = this.#running.get(entry.application)?.entry;
      if (before?.bundle === entry.bundle && before.attempt === entry.attempt && before.release === entry.release)
        continue;
      if (traceparent !== undefined) reporter.traced(entry.application, traceparent);
      this.#run(entry);
    }
    for (const { application } of tombstones) {
      this.#running.get(application)?.cancel();
      this.#running.delete(application);
      reporter.removed(application);
    }
  }

  /** Another hand changed an object, and it was put right. False where nothing runs. */
  drift(): boolean {
    const [first] = this.#running.values();
    const object = first && this.#parts.blobs.index(first.entry.bundle).objects[0];
    if (!object) return false;
    const item: DriftItem = {
      application: first.entry.application,
      key: object.key,
      kind: 'Changed',
      pointer: '/data/greeting',
      wanted: '"hello"',
      found: '"changed by hand"',
      manager: 'kubectl-edit',
      operation: 'Update',
      outcome: 'Corrected',
      tookMs: 12,
    };
    this.#parts.reporter.drift(item);
    return true;
  }

  /** Nothing is said any more. */
  stop(): void {
    for (const { cancel } of this.#running.values()) cancel();
  }

  #run(entry: DesiredEntry): void {
    const { behaviour, name, clock } = this.#parts;
    const { application, attempt } = entry;
    this.#running.get(application)?.cancel();
    const run = { entry, cancel: (): void => undefined };
    this.#running.set(application, run);
    const outcome = outcomeOf(behaviour, { cluster: name, application, attempt });
    this.#say(entry, words.applying);
    const steps = stepsOf(outcome);
    const next = (at: number): void => {
      const step = steps[at];
      if (!step) return;
      run.cancel = clock.after(step.afterMs, () => {
        this.#say(entry, step.said === words.healthy ? { ...step.said, healthySinceMs: clock.now() } : step.said);
        next(at + 1);
      });
    };
    next(0);
  }

  #say(entry: DesiredEntry, said: Said): void {
    const objects = this.#parts.blobs.index(entry.bundle).objects.length;
    const { application, release, bundle, attempt } = entry;
    const reason: Reason = said.reason;
    this.#parts.reporter.status({
      application,
      release,
      bundle,
      attempt,
      drift: 'None',
      objects,
      healthyObjects: said.health === 'Healthy' ? objects : Math.max(0, objects - 1),
      problems: [],
      ...said,
      reason,
    });
  }
}

function stepsOf({ end, applyMs, healthMs, badAfterMs }: Outcome): { afterMs: number; said: Said }[] {
  const applied = healthMs === 0 && end !== 'NeverHealthy' ? [] : [{ afterMs: applyMs, said: words.progressing }];
  const healthy = { afterMs: applied.length === 0 ? applyMs : healthMs, said: words.healthy };
  switch (end) {
    case 'FailsToApply':
      return [{ afterMs: applyMs, said: words.failed }];
    case 'NeverHealthy':
      return applied;
    case 'Healthy':
      return [...applied, healthy];
    case 'TurnsBad':
      return [...applied, healthy, { afterMs: badAfterMs, said: words.bad }];
  }
}
