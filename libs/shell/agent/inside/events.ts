import { randomBytes } from 'node:crypto';
import {
  asFairleadError,
  keyText,
  type ApplicationId,
  type DriftItem,
  type KubeObject,
  type ObjectKey,
  type Reason,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { ClusterApi } from '@fairlead/ports/cluster';
import type { AgentLog } from '../log.ts';
import { self } from '../state/chunks.ts';
import { createSpaced } from './spaced.ts';

/** Kubernetes Events beside the objects that they are about. */
export interface Narrator {
  drifted(item: DriftItem): void;
  failed(application: ApplicationId, problem: { key: ObjectKey; reason: Reason; message: string }): void;
  stop(): void;
}

/** Options of {@link createNarrator}. */
export interface NarratorOptions {
  readonly cluster: ClusterApi;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Name of the cluster, for `reportingInstance`. */
  readonly instance: string;
  /** The UID of a live object, where it is known: `kubectl describe` finds Events by it. */
  readonly uidOf?: (key: ObjectKey) => string | undefined;
}

interface Story {
  readonly key: ObjectKey;
  readonly type: 'Normal' | 'Warning';
  readonly action: string;
  readonly reason: Reason;
  readonly note: string;
}

const limits = { spacingMs: 1000, waiting: 20, noteChars: 1024, told: 1000 };

/** Tells, at most one Event a second and application. The same failure of the same object is told once. */
export function createNarrator(options: NarratorOptions): Narrator {
  const { cluster, clock, log } = options;
  const told = new Map<string, string>();
  const lines = createSpaced<Story>({
    clock,
    spacingMs: limits.spacingMs,
    most: limits.waiting,
    write: (application, story) =>
      tell(options, story)
        .catch((thrown: unknown) =>
          log.warn('event.unwritten', { application, error: asFairleadError(thrown).message }),
        )
        // A story that cannot be told is not worth another try.
        .then(() => 'Done' as const),
  });
  return {
    drifted(item) {
      const { application, key, outcome } = item;
      const reason: Reason =
        outcome === 'Corrected' ? 'DriftCorrected' : outcome === 'Damped' ? 'DriftFighting' : 'Drifted';
      const type = outcome === 'Corrected' ? 'Normal' : 'Warning';
      lines.push(application, {
        key,
        type,
        action: outcome === 'Corrected' ? 'Correct' : 'Report',
        reason,
        note: noteOf(item),
      });
    },
    failed(application, { key, reason, message }) {
      const text = keyText(key);
      if (told.get(text) === message) return;
      if (told.size >= limits.told) told.clear();
      told.set(text, message);
      lines.push(application, { key, type: 'Warning', action: 'Apply', reason, note: message });
    },
    stop: () => lines.stop(),
  };

  async function tell({ instance, uidOf }: NarratorOptions, { key, type, action, reason, note }: Story): Promise<void> {
    const kind = await cluster.preferredKind(key.group, key.kind);
    const version = kind?.version ?? 'v1';
    const uid = uidOf?.(key);
    const regarding = {
      apiVersion: key.group === '' ? version : `${key.group}/${version}`,
      kind: key.kind,
      name: key.name,
      ...(key.namespace === '' ? {} : { namespace: key.namespace }),
      ...(uid === undefined ? {} : { uid }),
    };
    const event: KubeObject = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      // The namespace of a cluster-scoped object's Events is `default`, as the API server asks.
      metadata: {
        name: `${key.name.slice(0, 200)}.${randomBytes(8).toString('hex')}`,
        namespace: key.namespace || 'default',
      },
      eventTime: `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`,
      reportingController: 'fairlead.dev/agent',
      reportingInstance: instance,
      action,
      reason,
      type,
      note: note.slice(0, limits.noteChars),
      regarding,
    };
    await cluster.create(event, { identity: self });
  }
}

function noteOf(item: DriftItem): string {
  if (item.kind === 'Deleted')
    return item.outcome === 'Corrected'
      ? 'It was deleted by another hand and is back.'
      : 'It was deleted by another hand.';
  const by = item.manager === undefined ? 'another hand' : `manager ${item.manager}`;
  const values =
    item.wanted === '' && item.found === ''
      ? ''
      : `: wanted ${item.wanted || 'nothing'}, found ${item.found || 'nothing'}`;
  return `${item.pointer || 'The object'} was changed by ${by}${values}.`;
}
