/** What a step was caused by; only {@link Steps} looks into it. */
export interface Cause {
  readonly cause: unknown;
}

/** The events that wait for one step. */
export interface Causes {
  /** Takes down what is handled now as a cause of the step to come. */
  add(): void;
  /** Everything since the last time. */
  take(): Cause;
}

/** How a step is told. */
export interface StepOptions {
  /** What caused it; what is handled now, unless given. */
  readonly cause?: Cause;
  /** Facts for people. Never a secret, never a name that nobody would find in the status API. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** A look that mostly finds nothing: it is told of only if it wrote, rang, failed, or had a step inside. */
  readonly quiet?: boolean;
}

/**
 * Tells people what the hub does, and follows what causes what across loops that handle many events at once. Whether
 * anybody listens changes nothing of the work.
 */
export interface Steps {
  /** Runs one step under its name, one of a few. Resolves and rejects as the work does. */
  run<T>(name: string, work: () => Promise<T>, options?: StepOptions): Promise<T>;
  /** For a loop in which many events become one step. */
  gather(): Causes;
}
