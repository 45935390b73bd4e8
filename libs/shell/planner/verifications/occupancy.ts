import { isVerificationGate } from '@fairlead/core/model';
import { keyOfRelease, type Occupancy, type ReleaseRef } from '@fairlead/core/releases';
import { verificationKey } from '@fairlead/core/rollout';
import { gatesOf, type Entry } from '../evidence.ts';
import type { Round } from '../round.ts';
import type { Unit } from '../units.ts';
import { verificationEvidence, type VerificationView } from './evidence.ts';

/** A unit, what it runs, and the entries after it that have not named that. */
interface Occupied {
  readonly unit: Unit;
  readonly release: ReleaseRef;
  readonly successors: readonly Entry[];
}

/**
 * The verifications that keep a release where it is: those that run, and those that begin as soon as this is seen. One that
 * cannot run, or waits for other gates, keeps nobody; and one that failed lets the fix in.
 */
export async function occupiedBy(round: Round, { unit, release, successors }: Occupied): Promise<Occupancy['asked']> {
  const asking = successors.filter((at) => gatesOf(round, at).some(isVerificationGate));
  // Pipelines that go in a circle are held, and are not followed.
  if (asking.length === 0 || round.snapshot.documents.held.has(unit.application)) return [];
  const view = await round.verifications(unit);
  if (view === undefined) return [];
  return Promise.all(asking.map((at) => occupiedFor(round, { at, release, view })));
}

async function occupiedFor(
  round: Round,
  { at, release, view }: Pick<Occupied, 'release'> & { readonly at: Entry; readonly view: VerificationView },
): Promise<Occupancy['asked'][number]> {
  const gates = gatesOf(round, at).filter(isVerificationGate);
  const told = verificationEvidence(round, { verified: [view], release, gates });
  const candidate = keyOfRelease(release);
  const wants = (await round.entry(at.unit))?.wants ?? [];
  const words = gates.flatMap((gate) => {
    const key = verificationKey(gate);
    const isWanted = wants.some(
      (want) => keyOfRelease(want.release) === candidate && verificationKey(want.gate) === key,
    );
    return (told[key] ?? []).filter(({ outcome }) => outcome === 'Running' || (outcome === 'Open' && isWanted));
  });
  return {
    environment: at.unit.environment,
    gates: words.map(({ message, recheckAfterMs }) => ({
      gate: 'verification',
      verdict: 'Waiting',
      reason: 'WaitsForVerification',
      message,
      trailer: '',
      ...(recheckAfterMs === undefined ? {} : { recheckAfterMs }),
    })),
  };
}
