import type { Gate } from '@fairlead/core/model';
import { approval } from './approval/index.ts';
import { check } from './check/index.ts';
import { commitStatus } from './commitStatus/index.ts';
import { dependency } from './dependency/index.ts';
import { health } from './health/index.ts';
import { metric } from './metric/index.ts';
import { pause } from './pause/index.ts';
import { soak } from './soak/index.ts';
import { verification } from './verification/index.ts';
import { window } from './window/index.ts';
import { kindOfGate, type GateEvidence, type GateKind, type Verdict } from './verdict.ts';

/** Every gate that can be judged; a test compares it with the folders. */
export const gateKinds: Readonly<Record<string, GateKind>> = {
  approval,
  check,
  commitStatus,
  dependency,
  health,
  metric,
  pause,
  soak,
  verification,
  window,
};

/** True for gates whose verdict follows from the predecessors alone. */
export function looksBack(gate: Gate): boolean {
  return gateKinds[kindOfGate(gate)]?.uses.includes('predecessors') === true;
}

/** Judges one gate. A kind that this version does not know is unknown, and unknown never passes (I5). */
export function judgeGate(gate: Gate, evidence: GateEvidence): Verdict {
  const known = knownKind(gate);
  if (known !== undefined) return known.judge(gate, handedTo(gate, evidence));
  const kind = kindOfGate(gate);
  const message = `This hub does not know the gate ${kind}, so it never passes; promote by hand, or use a newer hub.`;
  return {
    gate: kind,
    verdict: 'Unknown',
    reason: 'GateUnsupported',
    message,
    trailer: `${kind} unknown`,
    excluded: [],
  };
}

/** The time, and the parts that the gate's kind declares; what it did not ask for, it cannot go by. */
export function handedTo(gate: Gate, evidence: GateEvidence): GateEvidence {
  const parts = Object.fromEntries((knownKind(gate)?.uses ?? []).map((use) => [use, evidence[use]]));
  return { nowMs: evidence.nowMs, ...parts } as unknown as GateEvidence;
}

function knownKind(gate: Gate): GateKind | undefined {
  const kind = kindOfGate(gate);
  return Object.hasOwn(gateKinds, kind) ? gateKinds[kind] : undefined;
}
