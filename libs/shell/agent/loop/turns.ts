import type { Clock } from '@fairlead/ports/clock';

/** What is done in a turn. Neither throws. */
export interface TurnWork {
  pass(): Promise<void>;
  report(): void;
}

/** Changes within this time are one report. */
const reportSpacingMs = 50;

/**
 * Decides when a loop's next pass and report are: all that happens during a pass is one pass after it, and of several
 * times to look again the earliest counts.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #work: TurnWork;
  #due = false;
  #running: Promise<void> | undefined;
  #stopped = false;
  #again: { atMs: number; cancel: () => void } | undefined;
  #report: { atMs: number; cancel: () => void } | undefined;

  constructor(clock: Clock, work: TurnWork) {
    this.#clock = clock;
    this.#work = work;
  }

  /** A pass is due now. */
  wake(): void {
    this.#due = true;
    if (!this.#stopped) this.#running ??= this.#run();
  }

  /** A pass is due after so long, at the latest. */
  again(afterMs: number): void {
    if (this.#stopped || afterMs === Number.POSITIVE_INFINITY) return;
    const atMs = this.#clock.now() + afterMs;
    if (this.#again && this.#again.atMs <= atMs) return;
    this.#again?.cancel();
    const cancel = this.#clock.after(afterMs, () => {
      this.#again = undefined;
      this.wake();
    });
    this.#again = { atMs, cancel };
  }

  /** A report is due soon, or after so long. */
  reportSoon(askedMs = 0): void {
    const afterMs = Math.max(askedMs, reportSpacingMs);
    const atMs = this.#clock.now() + afterMs;
    if (this.#stopped || (this.#report && this.#report.atMs <= atMs)) return;
    this.#report?.cancel();
    const cancel = this.#clock.after(afterMs, () => {
      this.#report = undefined;
      this.#work.report();
    });
    this.#report = { atMs, cancel };
  }

  /** No more turns; resolves when the one under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#again?.cancel();
    this.#report?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#due && !this.#stopped) {
      this.#due = false;
      await this.#work.pass();
    }
    this.#running = undefined;
  }
}
