/** Structured log, as pino has it: an object of facts first, then a sentence. Never given a secret. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Token under which Nest hands out the {@link Log}. */
export const LOG = Symbol('log');
