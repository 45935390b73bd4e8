/** What a gate asks of a server outside. */
export interface CheckRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** For the whole answer. */
  readonly timeoutMs: number;
}

/** An answer of any status; a redirect is one, and is not followed. */
export interface CheckReply {
  readonly status: number;
  readonly body: string;
}

/** The most that an answer may hold. */
export const checkLimitBytes = 65_536;

/**
 * Asks servers that the hub's owner allows by name, and no others. Throws `FairleadError` with CheckForbidden (retry never) for
 * any other host, and CheckUnanswered (retry backoff) where no whole answer came in time or within {@link checkLimitBytes}.
 * Messages name the host and nothing else of the URL, whose query may hold what is nobody's business.
 */
export interface Checks {
  ask(request: CheckRequest): Promise<CheckReply>;
}
