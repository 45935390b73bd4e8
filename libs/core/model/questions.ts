import { z } from 'zod';
import { capabilities, type Asking } from './answers.ts';
import type { ErrorCode, PlainError } from './error.ts';
import { isDigest, type ClusterName, type Digest } from './ids.ts';
import { reasons, type Reason } from './reasons.ts';

/** What a role asks of the gateway that holds a cluster's stream. */
export interface Question {
  readonly cluster: ClusterName;
  readonly asking: Asking;
  /** TEAM/NAME. */
  readonly application: string;
  /** GROUP/KIND/NAMESPACE/NAME; what it is about, where it is about one object. */
  readonly object?: string | undefined;
  /** What a Plan tries. */
  readonly bundle?: Digest | undefined;
  /** For how long the agent's answer is waited for. */
  readonly withinMs: number;
}

/** What comes back: the agent's JSON as it came, or why there is none. */
export type Reply = { readonly result: string } | { readonly problem: PlainError };

/** Tighter than what an agent takes: a question that it could not read would end its stream. */
const question = z.object({
  cluster: z.string(),
  asking: z.enum(Object.keys(capabilities) as [Asking, ...Asking[]]),
  application: z
    .string()
    .max(512)
    .regex(/^[^/]+\/[^/]+$/),
  object: z.string().max(1024).optional(),
  bundle: z.string().refine(isDigest).optional(),
  withinMs: z.number().positive().max(600_000),
});

/** Codes of failures that are somebody else's; what is internal there is a failure of the other end here. */
const codes = [
  'InvalidInput',
  'PermissionDenied',
  'NotFound',
  'Conflict',
  'Aborted',
  'FailedPrecondition',
  'ResourceExhausted',
  'DataLoss',
  'Unavailable',
  'DeadlineExceeded',
] as const satisfies readonly ErrorCode[];

const problem = z.object({
  message: z.string().max(8192),
  code: z.enum(codes).catch('Unavailable'),
  reason: z.enum(Object.keys(reasons) as [Reason, ...Reason[]]).catch('InternalError'),
  subject: z.object({ object: z.string().optional(), application: z.string().optional() }).catch({}),
});

const reply = z.union([z.object({ result: z.string() }), z.object({ problem })]);

/** Reads a question. Throws `ZodError` or `SyntaxError`. */
export function parseQuestion(text: string): Question {
  return question.parse(JSON.parse(text)) as Question;
}

/** Reads a reply. Throws `ZodError` or `SyntaxError`. */
export function parseReply(text: string): Reply {
  return reply.parse(JSON.parse(text)) as Reply;
}

/** What an agent says of why it cannot answer: `json` since it knows the closed lists, else its bare words. */
export function parseProblem(json: string, message: string): PlainError {
  try {
    return problem.parse(JSON.parse(json)) as PlainError;
  } catch {
    // An agent of before, whose failures were words alone.
    return problem.parse({
      message: message.slice(0, 4096),
      code: 'Unavailable',
      reason: 'InternalError',
    }) as PlainError;
  }
}
