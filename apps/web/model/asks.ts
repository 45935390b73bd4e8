import type { Actions, Stop } from './actions.ts';
import { short } from './words.ts';

/** The operations that a button asks for. */
export type Verb = 'approve' | 'resume' | 'hold' | 'rollback';

/** What is said to a person before an action, and sent after it. */
export interface Ask {
  readonly verb: Verb;
  readonly label: string;
  readonly text: string;
  /** Whether the API takes it only with a reason. */
  readonly needsReason: boolean;
  readonly look: 'main' | 'plain' | 'danger';
  /** Of the release, where the action is about one. */
  readonly release?: string;
}

/** Where an action is asked for. */
export interface AskedAt {
  readonly application: string;
  readonly environment: string;
  readonly version: string | undefined;
}

const resumed: Readonly<Record<Stop, string>> = {
  Halt: 'The rollout goes on with the clusters that do not have the release yet.',
  Hold: 'The hold ends: releases may enter again.',
  Pause: 'The candidate that stands at the door goes on, as far as its other gates let it.',
};

/** The buttons that make sense, in the order in which they stand. */
export function asksOf({ approve, resume, hold, rollback }: Actions, at: AskedAt): Ask[] {
  const where = `${at.application} in ${at.environment}`;
  const asks: (Ask | false)[] = [
    approve !== undefined && {
      verb: 'approve',
      label: 'Approve',
      text: `You say yes to release ${short(approve.release)} for ${where}. The approval is a commit under your name.`,
      needsReason: false,
      look: 'main',
      release: approve.release,
    },
    resume !== undefined && {
      verb: 'resume',
      label: 'Resume',
      text: `${resume.map((stop) => resumed[stop]).join(' ')} It is a commit under your name.`,
      needsReason: false,
      look: 'main',
    },
    hold && {
      verb: 'hold',
      label: 'Hold',
      text: `No release enters ${at.environment} until somebody resumes ${where}. What runs stays.`,
      needsReason: true,
      look: 'plain',
    },
    rollback && {
      verb: 'rollback',
      label: 'Roll back',
      text: `${where} goes back from ${at.version ?? 'this release'} to the release that last completed its rollout here, in all clusters of the environment and without gates or waves.`,
      needsReason: true,
      look: 'danger',
    },
  ];
  return asks.filter((ask) => ask !== false);
}
