import type { VerificationGate } from '@fairlead/core/model';
import { verificationKey } from './memory.ts';
import { verificationPatience } from './settle.ts';
import type { GateKind, Verdict, VerificationEvidence } from '../verdict.ts';

type Word = Pick<Verdict, 'verdict' | 'reason' | 'message' | 'recheckAfterMs'>;

/**
 * `verification`: a Job of the candidate's own sources ran to its end in an environment before this one. What a Job said
 * of a candidate stays said, whatever that environment runs later.
 */
export const verification: GateKind<'verifications' | 'quorum'> = {
  kind: 'verification',
  uses: ['verifications', 'quorum'],
  patience: (gate) => verificationPatience(gate as VerificationGate),
  judge(gate, { verifications, quorum }) {
    const key = verificationKey(gate as VerificationGate);
    const each = (Object.hasOwn(verifications, key) ? verifications[key] : undefined) ?? [];
    const word = together(each, quorum);
    const ends = { Passed: 'ok', Failed: 'failed', Waiting: 'waiting', Unknown: 'unknown' } as const;
    return { gate: 'verification', ...word, trailer: `verification ${ends[word.verdict]}`, excluded: [] };
  },
};

/** With `all` every environment must have been verified, with `any` one; and with `any` all must have failed to fail. */
function together(each: readonly VerificationEvidence[], quorum: 'all' | 'any'): Word {
  const passed = each.filter(({ outcome }) => outcome === 'Passed');
  const enough = quorum === 'any' ? passed.length > 0 : passed.length === each.length;
  if (each[0] === undefined) {
    const message = 'It runs in the environments before this one, and there is none.';
    return { verdict: 'Unknown', reason: 'GateUnknown', message };
  }
  if (enough) return { verdict: 'Passed', reason: 'Entered', message: passed.map(({ message }) => message).join(' ') };
  const open = each.filter(({ outcome }) => outcome !== 'Passed' && (quorum === 'all' || outcome !== 'Failed'));
  const worst =
    open.find(({ outcome }) => outcome === 'Failed') ?? open.find(({ outcome }) => outcome === 'Unknown') ?? open[0];
  return wordOf(worst ?? each[0]);
}

function wordOf({ outcome, reason, message, recheckAfterMs }: VerificationEvidence): Word {
  const look = { message, ...(recheckAfterMs === undefined ? {} : { recheckAfterMs }) };
  if (outcome === 'Failed') return { ...look, verdict: 'Failed', reason: 'VerificationFailed' };
  if (outcome === 'Running') return { ...look, verdict: 'Waiting', reason: 'WaitsForVerification' };
  if (outcome === 'Elsewhere') return { ...look, verdict: 'Waiting', reason: 'WaitsForPredecessor' };
  return { ...look, verdict: 'Unknown', reason: reason ?? 'GateUnknown' };
}
