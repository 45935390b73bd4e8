/** The world around one run of the CLI; tests give their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** True if standard output is a terminal, so that colours help. */
  readonly terminal: boolean;
  /** Writes to standard output: what was asked for, and nothing else. */
  out(text: string): void;
  /** Writes to standard error: progress, warnings, errors. */
  err(text: string): void;
  /** Aborts when a person or a supervisor asks this process to end (SIGINT, SIGTERM, SIGHUP). */
  interrupted(): AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
}
