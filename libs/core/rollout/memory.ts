import type { RolloutInput, RolloutMemory } from './types.ts';

/** A fresh memory of a rollout that begins now. */
export function beginRollout(input: RolloutInput, kind: RolloutMemory['kind'] = input.kind): RolloutMemory {
  return {
    attempt: input.attempt,
    kind,
    beganAtMs: input.nowMs,
    over: false,
    total: 0,
    waves: [],
    spent: {},
    forgiven: [],
    proven: {},
  };
}

/**
 * The memory that this pass goes on with: a new attempt begins afresh; a difference after the attempt's rollout was
 * over begins a change, which cannot be halted; a halt that the ledger no longer names was resumed by a person, and
 * whoever took it and is unhealthy at that moment is judged alone from then on.
 */
export function openMemory(input: RolloutInput): RolloutMemory {
  const kept = input.memory;
  if (kept === undefined || kept.attempt !== input.attempt) return withHalt(beginRollout(input), input);
  if (kept.over) return differs(input) ? beginRollout(input, 'Change') : kept;
  if (kept.halted?.committed === true && input.halted === undefined) return resumed(kept, input);
  return withHalt(kept, input);
}

function withHalt(memory: RolloutMemory, input: RolloutInput): RolloutMemory {
  return input.halted === undefined ? memory : { ...memory, halted: { ...input.halted, committed: true } };
}

function resumed(memory: RolloutMemory, input: RolloutInput): RolloutMemory {
  const { halted: _, ...rest } = memory;
  const unhealthy = input.clusters.filter(
    ({ given, report }) => given?.attempt === input.attempt && report?.healthySinceMs === undefined,
  );
  return { ...rest, spent: {}, proven: {}, forgiven: unhealthy.map((cluster) => cluster.cluster) };
}

/** Whether some cluster that took this attempt, and is well, should run something else by now. */
function differs(input: RolloutInput): boolean {
  return input.clusters.some(
    ({ connection, given, goal, held, report, wave }) =>
      held === undefined &&
      connection === 'Connected' &&
      report?.healthySinceMs !== undefined &&
      wave !== undefined &&
      given !== undefined &&
      !given.elsewhere &&
      given.attempt === input.attempt &&
      goal.kind !== 'Unknown' &&
      given.bundle !== (goal.kind === 'Bundle' ? goal.bundle : undefined),
  );
}
