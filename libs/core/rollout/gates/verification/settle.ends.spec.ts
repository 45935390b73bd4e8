import { expect, it } from 'vitest';
import type { ClusterName, CommitSha, Digest, VerificationGate } from '@fairlead/core/model';
import { verificationKey, type VerificationMemory, type VerificationRun } from './memory.ts';
import { settleVerification, type RunSight } from './settle.ts';

const gate: VerificationGate = { verification: { path: 'verify', timeout: '10m', retries: 0 } };
const bundle = `sha256:${'b'.repeat(64)}` as Digest;
const run: VerificationRun = {
  candidate: 'v2',
  release: { digest: `sha256:${'2'.repeat(64)}` as Digest, version: '2.0.0' },
  gate,
  cluster: 'staging-1' as ClusterName,
  bundle,
  attempt: '7'.repeat(40) as CommitSha,
  failures: 0,
  sinceMs: 0,
  phase: 'Running',
};
const memory: VerificationMemory = { run, verdicts: [] };
const passed = { bundle, sync: 'InSync', health: 'Healthy', reason: 'Current', message: '' } as const;
const sight: RunSight = {
  nowMs: 1_000,
  hearsSinceMs: 0,
  candidate: 'v2',
  asked: new Set([verificationKey(gate)]),
  isPlaced: true,
  isConnected: true,
  slot: 'Given',
  report: { ...passed, health: 'Progressing' },
};

/** How a run stands by what is seen of it: its verdict, `runs`, or `forgotten`. */
function standing(more: Partial<RunSight>, about: Partial<VerificationRun> = {}): string {
  const after = settleVerification({ ...memory, run: { ...run, ...about } }, { ...sight, ...more });
  return after.verdicts[0]?.outcome ?? (after.run === undefined ? 'forgotten' : 'runs');
}

it.each<[string, string, Partial<RunSight>, Partial<VerificationRun>?]>([
  ['runs', 'while the Job does', {}],
  ['Passed', 'once it is healthy', { report: passed }],
  ['runs', 'while something of it is not in sync', { report: { ...passed, sync: 'Applying' } }],
  ['runs', 'while the agent speaks of another bundle', { report: { ...passed, bundle: run.release.digest } }],
  ['runs', 'while what an earlier Job left is there', { report: passed }, { phase: 'Clearing' }],
  ['runs', 'while an earlier Job is on its way out', { report: passed, slot: 'Leaving' }],
  ['Failed', 'once the Job has failed', { report: { ...passed, health: 'Degraded' } }],
  ['Failed', 'once it cannot be applied', { report: { ...passed, sync: 'Failed', reason: 'ObjectTaken' } }],
  ['runs', 'while it may still be applied', { report: { ...passed, sync: 'Failed', reason: 'KindUnknown' } }],
  ['Failed', 'when its time is over', { nowMs: 600_000 }],
  ['Failed', 'when nothing was heard of it until its time was over', { nowMs: 600_000, report: undefined }],
  ['Passed', 'though its time is over, where it has passed', { nowMs: 600_000, report: passed }],
  ['runs', 'when the planner heard nothing for a while', { nowMs: 600_000, hearsSinceMs: 1_000 }],
  ['runs', 'while the cluster is silent', { isConnected: false, report: passed }],
  ['forgotten', 'when it is silent until the time is over', { isConnected: false, nowMs: 600_000 }],
  ['forgotten', 'when the environment goes on to another candidate', { candidate: 'v3', report: passed }],
  ['forgotten', 'when the environment is halted', { candidate: undefined, report: passed }],
  ['forgotten', 'when nobody asks for it any more', { asked: new Set<string>(), report: passed }],
  ['forgotten', 'when the cluster leaves', { isPlaced: false, report: passed }],
])('is %s %s', (wanted, _when, more, about) => {
  expect(standing(more, about)).toBe(wanted);
});

it('tries again as often as the gate allows, with all of its time, and then says how it failed', () => {
  const patient: VerificationGate = { verification: { ...gate.verification, retries: 1 } };
  const asked = new Set([verificationKey(patient)]);
  const report = { ...passed, health: 'Degraded', message: 'BackoffLimitExceeded.' } as const;
  const first = settleVerification({ ...memory, run: { ...run, gate: patient } }, { ...sight, asked, report });
  expect(first).toMatchObject({ run: { failures: 1, sinceMs: 1_000, phase: 'Clearing' }, verdicts: [] });
  const again = { ...first, ...(first.run && { run: { ...first.run, phase: 'Running' as const } }) };
  expect(settleVerification(again, { ...sight, nowMs: 2_000, asked, report })).toEqual({
    verdicts: [
      {
        candidate: 'v2',
        gate: verificationKey(patient),
        outcome: 'Failed',
        message:
          'The Job of verify in staging-1 failed: BackoffLimitExceeded. That was try 2 of 2. Promote by hand, or release a fix.',
      },
    ],
  });
});

it('keeps the last twenty verdicts', () => {
  const verdicts = Array.from({ length: 20 }, (_, at) => ({
    candidate: `v${at}`,
    gate: '',
    outcome: 'Passed' as const,
    message: '',
  }));
  const after = settleVerification({ run, verdicts }, { ...sight, report: passed }).verdicts;
  expect([after.length, after[0]?.candidate, after.at(-1)?.candidate]).toEqual([20, 'v1', 'v2']);
});
