import type { RolloutPolicy } from '@fairlead/core/model';
import type { Behaviour, MemberEvent } from './simulatedMember.harness.ts';

/** Something that happens to the fleet. */
export type Happening =
  | {
      readonly type: 'Promote';
      readonly release: string;
      /** By the cluster's index; the lists begin anew at their ends. */
      readonly behaviours: readonly Behaviour[];
      /** False where the release renders to what the one before it rendered to. */
      readonly changes: readonly boolean[];
    }
  | { readonly type: MemberEvent; readonly cluster: string }
  | { readonly type: 'Join' | 'Relabel'; readonly cluster: string; readonly wave: string }
  | { readonly type: 'Shut' | 'LedgerDown'; readonly forMs: number }
  | { readonly type: 'Policy'; readonly policy: RolloutPolicy }
  /** Labels of each such cluster change, and with them what every release renders to for it. */
  | { readonly type: 'Rerender'; readonly every: number }
  /** A person resumes, reverts to the fallback, deletes the ledger file; the hub loses its store; every cluster is mended. */
  | { readonly type: 'Resume' | 'Revert' | 'Withdraw' | 'LoseStore' | 'Mend' };
