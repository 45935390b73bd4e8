import { isVerificationGate, type Gate } from '@fairlead/core/model';
import { keyOfRelease, type ReleaseRef } from '@fairlead/core/releases';
import {
  tellVerification,
  verificationKey,
  type Slot,
  type VerificationEvidence,
  type VerificationMemory,
} from '@fairlead/core/rollout';
import type { ClusterName } from '@fairlead/core/model';
import type { ApplicationRows } from '../board.ts';
import type { Round } from '../round.ts';
import type { Unit } from '../units.ts';

/** The verifications of one application in one environment, as they stand. */
export interface VerificationView {
  readonly unit: Unit;
  /** The candidate that the environment names now; undefined for none, or while it is halted. */
  readonly release?: ReleaseRef;
  /** As it is kept; undefined for nothing. */
  readonly before?: VerificationMemory;
  /** Once the end of what ran is seen. */
  readonly memory: VerificationMemory;
  /** Rows of the verification. */
  readonly rows: ApplicationRows;
  /** What clusters have of it; those that are not named have nothing. */
  readonly slots: ReadonlyMap<ClusterName, Slot>;
  /** Whether the cluster of the run answers; true where nothing runs. */
  readonly isConnected: boolean;
  /** When it falls silent if nothing is heard of it. */
  readonly silentAfterMs: number | undefined;
}

/** What is asked about. */
interface Asked {
  readonly verified: readonly VerificationView[];
  readonly release: ReleaseRef;
  readonly gates: readonly Gate[];
}

/** What environments say of a candidate, by the key of each gate that asks. */
export function verificationEvidence(
  { nowMs, hearsSinceMs = 0 }: Pick<Round, 'nowMs' | 'hearsSinceMs'>,
  { verified, release, gates }: Asked,
): Readonly<Record<string, readonly VerificationEvidence[]>> {
  const candidate = keyOfRelease(release);
  return Object.fromEntries(
    gates.filter(isVerificationGate).map((gate) => [
      verificationKey(gate),
      verified.map(({ unit: { environment }, release: current, memory, isConnected }) => {
        const isNamed = current !== undefined && keyOfRelease(current) === candidate;
        return tellVerification(memory, { environment, candidate, gate, isNamed, isConnected, nowMs, hearsSinceMs });
      }),
    ]),
  );
}
