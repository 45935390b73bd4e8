import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { asFairleadError, FairleadError, reasons, type ErrorCode } from '@fairlead/core/model';
import type { ProblemJson } from '@fairlead/wire/rest';
import type { FastifyReply } from 'fastify';
import { LOG, type Log } from './log.ts';

const statusOf: Readonly<Record<ErrorCode, number>> = {
  InvalidInput: 400,
  Unauthenticated: 401,
  PermissionDenied: 403,
  NotFound: 404,
  Conflict: 409,
  Aborted: 409,
  FailedPrecondition: 412,
  ResourceExhausted: 429,
  DataLoss: 500,
  Internal: 500,
  Unavailable: 503,
  DeadlineExceeded: 504,
};

/** RFC 9457 for an error of ours. An internal one keeps its words for the log. */
export function problemOf(error: FairleadError): ProblemJson {
  const { file, line, object, field } = error.subject;
  return {
    type: `https://fairlead.dev/reasons/${error.reason}`,
    title: reasons[error.reason],
    status: statusOf[error.code],
    detail:
      error.code === 'Internal' ? 'Something failed that should not. The log of the hub has more.' : error.message,
    code: error.code,
    reason: error.reason,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(object === undefined ? {} : { object }),
    ...(field === undefined ? {} : { field }),
  };
}

/** Answers every failure of a call as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log: Log;

  constructor(@Inject(LOG) log: Log) {
    this.log = log;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = thrown instanceof HttpException ? fromNest(thrown) : asFairleadError(thrown);
    if (error.code === 'Internal') this.log.error({ err: error.cause ?? error }, 'call failed');
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (typeof error.retry === 'object') void reply.header('retry-after', Math.ceil(error.retry.afterMs / 1000));
    void reply
      .status(statusOf[error.code])
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(error)));
  }
}

function fromNest(thrown: HttpException): FairleadError {
  const status = thrown.getStatus();
  const code: ErrorCode =
    status === 404 ? 'NotFound' : status === 429 ? 'ResourceExhausted' : status < 500 ? 'InvalidInput' : 'Internal';
  const reason =
    status === 404 ? 'NotFound' : status === 429 ? 'RateLimited' : status < 500 ? 'InvalidArgument' : 'InternalError';
  return new FairleadError(thrown.message, { code, reason, cause: thrown });
}
