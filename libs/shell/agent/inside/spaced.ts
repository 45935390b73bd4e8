import type { ApplicationId } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

/** Writes of which an application may have one at a time, and one in so long. */
export interface Spaced<Job> {
  push(application: ApplicationId, job: Job): void;
  stop(): void;
}

/** Options of {@link createSpaced}. */
export interface SpacedOptions<Job> {
  readonly clock: Clock;
  readonly spacingMs: number;
  /** Of an application at most so many wait; the oldest go first. */
  readonly most: number;
  /** Must not throw. What has more to be written, or failed, comes again unless a newer one waits. */
  readonly write: (application: ApplicationId, job: Job) => Promise<Written>;
}

/** What came of a write. */
export type Written = 'Done' | 'More' | 'Failed';

interface Line<Job> {
  readonly waiting: Job[];
  isBusy: boolean;
  /** How often in a row it failed: the pauses double. */
  failures: number;
}

/** No pause is longer, whatever fails. */
const longestPauseMs = 60_000;

/** Makes lines, one an application; a line without work is forgotten. */
export function createSpaced<Job>(options: SpacedOptions<Job>): Spaced<Job> {
  const { clock, spacingMs, most, write } = options;
  const lines = new Map<ApplicationId, Line<Job>>();
  let stopped = false;
  const next = async (application: ApplicationId, line: Line<Job>): Promise<void> => {
    const job = line.waiting.shift();
    if (stopped || job === undefined) {
      lines.delete(application);
      return;
    }
    line.isBusy = true;
    const written = await write(application, job);
    if (written !== 'Done' && line.waiting.length === 0) line.waiting.push(job);
    const pauseMs = written === 'Failed' ? Math.min(longestPauseMs, spacingMs * 2 ** line.failures) : spacingMs;
    line.failures = written === 'Failed' ? Math.min(line.failures + 1, 16) : 0;
    clock.after(pauseMs, () => {
      line.isBusy = false;
      void next(application, line);
    });
  };
  return {
    push(application, job) {
      if (stopped) return;
      const line = lines.get(application) ?? { waiting: [], isBusy: false, failures: 0 };
      lines.set(application, line);
      line.waiting.push(job);
      if (line.waiting.length > most) line.waiting.shift();
      if (!line.isBusy) void next(application, line);
    },
    stop() {
      stopped = true;
      lines.clear();
    },
  };
}
