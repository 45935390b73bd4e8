import { problemJson, type ProblemJson } from '@fairlead/wire/rest';
import { jsonOf } from './json.ts';

/** The hub said no, or could not be reached; the message is a sentence for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** 0 where there was no answer. */
  readonly status: number;
  /** A word of the closed list. */
  readonly reason: string;

  constructor(message: string, { status, reason }: Pick<ProblemJson, 'status' | 'reason'>) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The refusal in an answer that is not what was asked for. */
export function refusalOf({ status, text }: { readonly status: number; readonly text: string }): Refusal {
  const problem = problemJson.safeParse(jsonOf(text));
  if (problem.success) return new Refusal(problem.data.detail, { status, reason: problem.data.reason });
  return new Refusal(`Cannot read the answer: the server said ${status} and gave no reason. Is a proxy between?`, {
    status,
    reason: 'InternalError',
  });
}

/** Where nobody answers. */
export function unreachable(): Refusal {
  return new Refusal('Cannot reach the hub: it does not answer. The page tries again by itself.', {
    status: 0,
    reason: 'HubUnreachable',
  });
}

/** Whether the same question may be answered later: nobody answered, too many asked, or something failed over there. */
export function isPassing(thrown: unknown): boolean {
  if (!(thrown instanceof Refusal)) return false;
  const { status } = thrown;
  return status === 0 || status === 429 || status >= 500;
}
