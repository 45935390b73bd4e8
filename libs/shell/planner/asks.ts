import {
  isVerificationGate,
  sourcesOf,
  type Application,
  type Gate,
  type VerificationGate,
} from '@fairlead/core/model';
import { holdsBack, keyOfRelease, type EntryInput, type Offer, type ReleaseRef } from '@fairlead/core/releases';
import type { AskingGate } from '@fairlead/core/rollout';
import type { Question } from './checks/runner.ts';
import type { Entry } from './evidence.ts';
import type { Round } from './round.ts';

/** A verification that an entry of a pipeline asks for, of the environments before it. */
export interface VerificationWant {
  readonly release: ReleaseRef;
  readonly gate: VerificationGate;
}

/** An entry's offers and everything else that is decided by. */
export type Asking = EntryInput & { readonly at: Entry; readonly gates: readonly Gate[] };

/** Whether a gate asks a server outside, or the forge. */
export function asks(gate: Gate): gate is AskingGate {
  return 'check' in gate || 'metric' in gate || 'commitStatus' in gate;
}

/**
 * Offers that nothing else stands in the way of: nobody is asked about a candidate that other gates hold, or that would not
 * enter whatever the answer is.
 */
function askable({ offers, gates, named, rejected, hold, ...by }: Asking): readonly Offer[] {
  if (hold !== undefined) return [];
  const open = offers.filter(
    ({ release }) => !named.has(keyOfRelease(release)) && rejected.every(({ digest }) => digest !== release.digest),
  );
  return open.filter(({ gates: words }) =>
    gates.every((gate, at) => {
      const word = words[at];
      return asks(gate) || isVerificationGate(gate) || (word !== undefined && !holdsBack(word, by));
    }),
  );
}

/** What is to be asked outside now. */
export function questionsOf({ snapshot }: Round, by: Asking): Question[] {
  const { unit } = by.at;
  const application = snapshot.documents.applications.get(unit.application);
  return askable(by).flatMap(({ release, gates: words }) => {
    // An answer that is still good says when it is not.
    const due = by.gates.filter((gate, at) => asks(gate) && words[at]?.recheckAfterMs === undefined);
    return due.filter(asks).map((gate) => ({ unit, release, gate, ...whereOf(gate, application) }));
  });
}

/** What is to be verified now, unless an environment has its verdict. */
export function wantsOf(by: Asking): VerificationWant[] {
  const gates = by.gates.filter(isVerificationGate);
  if (gates.length === 0) return [];
  return askable(by).flatMap(({ release }) => gates.map((gate) => ({ release, gate })));
}

/** Where the commit lies that a gate asks the forge about. */
function whereOf(gate: AskingGate, application: Application | undefined): Pick<Question, 'repositoryUrl'> {
  if (!('commitStatus' in gate) || application === undefined) return {};
  const source = sourcesOf(application)[gate.commitStatus.source];
  return source !== undefined && 'git' in source ? { repositoryUrl: source.git.url } : {};
}
