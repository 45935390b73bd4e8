/** Structured log: an event's name and what it was about. Never given a Secret's value or a credential. */
export interface AgentLog {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A log that says nothing, for tests and embedding. */
export const silentLog: AgentLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
