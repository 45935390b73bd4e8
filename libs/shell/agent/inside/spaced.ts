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
  /** Must not throw. */
  readonly write: (application: ApplicationId, job: Job) => Promise<void>;
}

interface Line<Job> {
  readonly waiting: Job[];
  isBusy: boolean;
}

/** Makes lines, one an application; a line without work is forgotten. */
export function createSpaced<Job>(options: SpacedOptions<Job>): Spaced<Job> {
  const { clock, spacingMs, most, write } = options;
  const lines = new Map<ApplicationId, Line<Job>>();
  let stopped = false;
  const next = (application: ApplicationId, line: Line<Job>): void => {
    const job = line.waiting.shift();
    if (stopped || job === undefined) {
      lines.delete(application);
      return;
    }
    line.isBusy = true;
    void write(application, job).finally(() => {
      clock.after(spacingMs, () => {
        line.isBusy = false;
        next(application, line);
      });
    });
  };
  return {
    push(application, job) {
      if (stopped) return;
      const line = lines.get(application) ?? { waiting: [], isBusy: false };
      lines.set(application, line);
      line.waiting.push(job);
      if (line.waiting.length > most) line.waiting.shift();
      if (!line.isBusy) next(application, line);
    },
    stop() {
      stopped = true;
      lines.clear();
    },
  };
}
