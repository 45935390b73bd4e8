import type { Digest, Reason } from '@fairlead/core/model';
import { keyOfRelease, type ReleaseRef } from './candidate.ts';

/** Why something may not be done now. */
export interface Obstacle {
  readonly reason: Reason;
  readonly message: string;
  readonly recheckAfterMs?: number;
}

/** A gate's word on one offer. */
export interface GateWord extends Obstacle {
  readonly gate: string;
  readonly verdict: 'Passed' | 'Waiting' | 'Failed' | 'Unknown';
  readonly trailer: string;
}

/** A release that may enter if its gates pass. */
export interface Offer {
  readonly release: ReleaseRef;
  /** Who wrote what it brings, as far as that is known. */
  readonly authors?: readonly { readonly name: string; readonly email: string }[];
  readonly gates: readonly GateWord[];
}

/** Everything that {@link decideEntry} looks at. */
export interface EntryInput {
  /** Newest first. */
  readonly offers: readonly Offer[];
  /** Why there is no offer, for when there is none. */
  readonly none: Obstacle;
  /** What the ledger file names now. */
  readonly current?: ReleaseRef;
  /** Keys of every candidate that the ledger file has ever named. */
  readonly named: ReadonlySet<string>;
  readonly rejected: readonly { readonly digest: Digest; readonly reason: string }[];
  readonly hold?: { readonly by: string; readonly reason: string };
  /** Something about the environment or application that forbids any promotion. */
  readonly blocked?: Obstacle;
  readonly enter: 'AtOnce' | 'WhenFree';
  /** People merge what enters: who does that approves it. */
  readonly byMerge?: boolean;
  /** Why the environment is not free, if it is not. */
  readonly busy?: Obstacle;
}

/** What may enter an environment, or why nothing does. */
export interface EntryDecision extends Obstacle {
  readonly enter?: Offer;
  /** The offer that the reason is about. */
  readonly about?: Offer;
}

/**
 * Decides which release the hub promotes by itself: the newest that the ledger file has never named, that is not
 * rejected, and whose gates have all passed. A gate that is unknown has not passed (I5).
 */
export function decideEntry(input: EntryInput): EntryDecision {
  if (input.blocked !== undefined) return input.blocked;
  const newest = input.offers[0];
  if (newest === undefined) return input.none;
  const open = input.offers.filter(({ release }) => whyOut(input, release) === undefined);
  if (open[0] === undefined) {
    return { ...(whyOut(input, newest.release) ?? input.none), about: newest };
  }
  const ready = open.find((offer) => offer.gates.every((gate) => !holdsBack(gate, input)));
  const recheck = soonest(open.flatMap((offer) => offer.gates));
  if (ready === undefined) return { ...waiting(open[0], input), ...recheck, about: open[0] };
  if (input.hold !== undefined) {
    const { by, reason } = input.hold;
    return { reason: 'OnHold', message: `${by} holds it: ${reason}. ${ready.release.version} waits.`, about: ready };
  }
  if (input.enter === 'WhenFree' && input.busy !== undefined) return { ...input.busy, about: ready };
  return { reason: 'Entered', message: `${ready.release.version} may enter.`, enter: ready, about: ready };
}

/** Whether a gate keeps an offer from entering, or from being asked for. */
export function holdsBack(
  { gate, verdict }: Pick<GateWord, 'gate' | 'verdict'>,
  { byMerge = false }: Pick<EntryInput, 'byMerge'>,
): boolean {
  return verdict !== 'Passed' && !(byMerge && gate === 'approval');
}

/** Why a release is not for the hub to promote. */
function whyOut(input: EntryInput, release: ReleaseRef): Obstacle | undefined {
  const key = keyOfRelease(release);
  const { version } = release;
  if (input.current !== undefined && keyOfRelease(input.current) === key) {
    return { reason: 'NewestAlready', message: `It runs the newest candidate, ${version}.` };
  }
  const rejected = input.rejected.find((one) => one.digest === release.digest);
  if (rejected !== undefined) {
    const way = 'Take it out of `rejected` in the ledger file to let it in again.';
    return { reason: 'Rejected', message: `${version} failed here before (${rejected.reason}). ${way}` };
  }
  if (!input.named.has(key)) return undefined;
  const way = 'Promote it by hand to bring it back.';
  return { reason: 'RolledBack', message: `The ledger went back from ${version}, and that stays. ${way}` };
}

function waiting({ release, gates }: Offer, input: EntryInput): Obstacle {
  const open = gates.filter((gate) => holdsBack(gate, input));
  const first = open.find((gate) => gate.verdict === 'Failed' || gate.verdict === 'Unknown') ?? open[0];
  const words = open.map((gate) => `${gate.gate}: ${gate.message}`).join(' ');
  return { reason: first?.reason ?? 'WaitsForGate', message: `${release.version} waits. ${words}` };
}

function soonest(gates: readonly GateWord[]): { recheckAfterMs?: number } {
  const times = gates.flatMap(({ recheckAfterMs }) => (recheckAfterMs === undefined ? [] : [recheckAfterMs]));
  return times.length === 0 ? {} : { recheckAfterMs: Math.min(...times) };
}
