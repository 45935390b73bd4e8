import { FairleadError } from '@fairlead/core/model';
import type { CommitStatus, Forge, PullRequest, PullRequestText } from './port.ts';

/** A pull request as the forge has it. */
export interface ForgePull extends PullRequestText, PullRequest {
  readonly comments: readonly string[];
}

/** The forge's side: what people do there, and what can go wrong. */
export interface MemoryForgeServer {
  /** All that were ever opened, the oldest first. */
  pulls(): Promise<readonly ForgePull[]>;
  merge(number: number): Promise<void>;
  close(number: number): Promise<void>;
  /** Says something of a commit of any repository. */
  say(commit: string, context: string, status: CommitStatus): void;
  down(on: boolean): void;
  refuseCredentials(on: boolean): void;
}

/** A forge in memory. Merging there moves no branch: a test commits to the repository beside it. */
export function memoryForge(): { readonly forge: Forge; readonly server: MemoryForgeServer } {
  const pulls: ForgePull[] = [];
  const said = new Map<string, CommitStatus>();
  const faults = { down: false, credentials: false };
  const reach = (): void => {
    if (faults.down)
      throw new FairleadError('Cannot reach the forge: it was told to be down. It is tried again.', {
        code: 'Unavailable',
        reason: 'SourceUnavailable',
        retry: 'backoff',
      });
    if (faults.credentials)
      throw new FairleadError('Cannot use the forge: the credentials are refused. Give valid ones.', {
        code: 'Unauthenticated',
        reason: 'SourceRejected',
        retry: 'backoff',
      });
  };
  const at = (number: number): ForgePull => {
    const found = pulls[number - 1];
    if (found) return found;
    throw new FairleadError(`Cannot find the pull request ${number}: the forge has none of that number.`, {
      code: 'NotFound',
      reason: 'SourceNotFound',
    });
  };
  const change = (number: number, next: Partial<ForgePull>): ForgePull =>
    (pulls[number - 1] = { ...at(number), ...next });
  const end = (number: number, state: 'Merged' | 'Closed', comments = at(number).comments): void => {
    if (at(number).state === 'Open') change(number, { state, comments });
  };
  return {
    forge: {
      async open(request) {
        reach();
        const open = pulls.find(({ branch, state }) => branch === request.branch && state === 'Open');
        if (open) return change(open.number, request);
        const number = pulls.length + 1;
        const made: ForgePull = { ...request, number, url: `memory://pulls/${number}`, state: 'Open', comments: [] };
        pulls.push(made);
        return made;
      },
      async look(number): Promise<PullRequest> {
        reach();
        return at(number);
      },
      async close(number, why) {
        reach();
        end(number, 'Closed', [...at(number).comments, why]);
      },
      async status({ commit, context }) {
        reach();
        return said.get(`${commit} ${context}`) ?? 'Missing';
      },
    },
    server: {
      pulls: async () => [...pulls],
      merge: async (number) => end(number, 'Merged'),
      close: async (number) => end(number, 'Closed'),
      say: (commit, context, status) => void said.set(`${commit} ${context}`, status),
      down: (on) => void (faults.down = on),
      refuseCredentials: (on) => void (faults.credentials = on),
    },
  };
}
