import { asFairleadError, type CommitSha, type FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { Repository } from '@fairlead/ports/repository';
import type { Steps } from '@fairlead/ports/steps';
import { startPulse } from './pulse.ts';

/** What following the fleet repository needs. */
export interface HeadPorts {
  readonly repository: Repository;
  readonly clock: Clock;
  /** Takes a head that was not seen before. What it throws is shown as the follower's problem, and asked for again. */
  changed(head: CommitSha): Promise<void>;
  /** Who is told of looks that found something; nobody unless given. */
  readonly steps?: Steps;
}

/** Follows the branch of the fleet repository. */
export interface HeadFollower {
  /** Asks the server now. */
  check(): Promise<void>;
  /** Why the branch cannot be read, or its head cannot be taken; undefined while all is well. */
  problem(): FairleadError | undefined;
  /** How many questions were asked, well or not. */
  progress(): { readonly hasWork: boolean; readonly steps: number };
  close(): void;
}

/** Starts with a first question. */
export function followHead(
  ports: HeadPorts,
  options: {
    readonly pollMs: number;
    /** Hears each new problem, and by undefined that there is none any more. */
    readonly onProblem: (problem: FairleadError | undefined) => void;
  },
): HeadFollower {
  let seen: CommitSha | undefined;
  let asked = 0;
  let problem: FairleadError | undefined;
  const pulse = startPulse(ports.clock, {
    everyMs: options.pollMs,
    name: 'look at fleet',
    steps: ports.steps,
    async ask(signal) {
      try {
        const head = await ports.repository.remoteHead(signal);
        if (head !== seen) await ports.changed(head);
        seen = head;
        if (problem !== undefined) {
          problem = undefined;
          options.onProblem(undefined);
        }
        return true;
      } catch (thrown) {
        const now = asFairleadError(thrown, { code: 'Unavailable', reason: 'SourceUnavailable' });
        const isNew = now.message !== problem?.message;
        problem = now;
        if (!signal.aborted && isNew) options.onProblem(now);
        return false;
      } finally {
        asked += 1;
      }
    },
  });
  void pulse.ring();
  const progress = () => ({ hasWork: true, steps: asked });
  return { check: pulse.ring, problem: () => problem, progress, close: pulse.stop };
}
