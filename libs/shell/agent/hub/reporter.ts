import { statusDigest } from '@fairlead/core/bundle';
import type { AgentMessage, ApplicationId, ApplicationStatus, Digest, DriftItem } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

/** A status as a loop gives it: since when it is healthy, not for how long. */
export type LoopStatus = Omit<ApplicationStatus, 'healthyForMs'> & { readonly healthySinceMs?: number };

/** Where the loops' words are kept until the hub has them. */
export interface Reporter {
  status(status: LoopStatus): void;
  removed(application: ApplicationId): void;
  drift(item: DriftItem): void;
  /** The trace that a change of this application belongs to, until it is in sync. */
  traced(application: ApplicationId, traceparent: string): void;
  /** The whole status as it is now. */
  all(): ApplicationStatus[];
  digest(): Digest;
  /** Sends through this until it is detached; `full` begins with the whole status. */
  attach(sink: ReportSink, options: { session: number; full: boolean }): void;
  /** The hub asks for the whole status. */
  resend(): void;
  detach(): void;
}

/** Sends one message; rejects when the stream is over. */
export type ReportSink = (message: AgentMessage) => Promise<void>;

/** Whoever shows statuses elsewhere too. */
export interface ReportObserver {
  /** Undefined: the application has left. */
  readonly changed?: (application: ApplicationId, status: LoopStatus | undefined) => void;
}

/** At most ten deltas a second leave an agent; what changes in between is one delta. */
const spacingMs = 100;
/** What is over within so long is not told first: most applies of one object are. */
const gatherMs = 20;
/** Drift that could not be sent yet is kept up to this many items; the oldest go first. */
const mostDrift = 1000;
const driftPerMessage = 100;

/** Makes a reporter; nothing leaves before a sink is attached. */
export function createReporter(clock: Clock, observer: ReportObserver = {}): Reporter {
  return new OrderedReporter(clock, observer);
}

class OrderedReporter implements Reporter {
  readonly #clock: Clock;
  readonly #observer: ReportObserver;
  readonly #statuses = new Map<ApplicationId, LoopStatus>();
  readonly #traces = new Map<ApplicationId, string>();
  readonly #changed = new Set<ApplicationId>();
  readonly #removed = new Set<ApplicationId>();
  #drift: DriftItem[] = [];
  #link: { sink: ReportSink; session: number; sequence: number; full: boolean } | undefined;
  #digest: Digest | undefined;
  #sending = false;
  #cancel: (() => void) | undefined;
  #sentAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, observer: ReportObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  status(status: LoopStatus): void {
    const before = this.#statuses.get(status.application);
    if (before && JSON.stringify(before) === JSON.stringify(status)) return;
    this.#statuses.set(status.application, status);
    this.#removed.delete(status.application);
    this.#changed.add(status.application);
    this.#digest = undefined;
    this.#observer.changed?.(status.application, status);
    this.#soon();
  }

  removed(application: ApplicationId): void {
    if (!this.#statuses.delete(application)) return;
    this.#changed.delete(application);
    this.#removed.add(application);
    this.#digest = undefined;
    this.#observer.changed?.(application, undefined);
    this.#soon();
  }

  drift(item: DriftItem): void {
    this.#drift.push(item);
    if (this.#drift.length > mostDrift) this.#drift.shift();
    this.#soon();
  }

  traced(application: ApplicationId, traceparent: string): void {
    this.#traces.set(application, traceparent);
  }

  all(): ApplicationStatus[] {
    return [...this.#statuses.values()].map((status) => this.#shown(status));
  }

  digest(): Digest {
    this.#digest ??= statusDigest(this.all());
    return this.#digest;
  }

  attach(sink: ReportSink, options: { session: number; full: boolean }): void {
    this.#link = { sink, session: options.session, sequence: 0, full: options.full };
    if (!options.full) {
      this.#changed.clear();
      this.#removed.clear();
    }
    this.#soon();
  }

  resend(): void {
    if (this.#link) this.#link.full = true;
    this.#soon();
  }

  detach(): void {
    this.#link = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #shown({ healthySinceMs, ...status }: LoopStatus): ApplicationStatus {
    return healthySinceMs === undefined
      ? status
      : { ...status, healthyForMs: Math.max(0, this.#clock.now() - healthySinceMs) };
  }

  #soon(): void {
    if (!this.#link || this.#sending || this.#cancel) return;
    const waitMs = Math.max(gatherMs, this.#sentAtMs + spacingMs - this.#clock.now());
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#cancel = undefined;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const link = this.#link;
    if (!link || this.#sending) return;
    const messages = this.#take(link);
    if (messages.length === 0) return;
    this.#sending = true;
    this.#sentAtMs = this.#clock.now();
    const drift = messages.flatMap((message) => (message.type === 'DriftReport' ? message.items : []));
    try {
      for (const message of messages) await link.sink(message);
    } catch {
      // The stream is over. The session that follows begins by comparing digests of the whole status.
      if (this.#link === link) this.#link = undefined;
      this.#drift.unshift(...drift);
    } finally {
      this.#sending = false;
    }
    if (this.#link?.full || this.#changed.size > 0 || this.#removed.size > 0 || this.#drift.length > 0) this.#soon();
  }

  #take(link: { session: number; sequence: number; full: boolean }): AgentMessage[] {
    const messages: AgentMessage[] = [];
    const { session, full } = link;
    if (full || this.#changed.size > 0 || this.#removed.size > 0) {
      const names = full ? [...this.#statuses.keys()] : [...this.#changed];
      const changed = names.map((name) => this.#statuses.get(name)).filter((status) => status !== undefined);
      link.sequence += 1;
      link.full = false;
      messages.push({
        type: 'StatusDelta',
        session,
        sequence: link.sequence,
        full,
        changed: changed.map((status) => this.#shown(status)),
        removed: full ? [] : [...this.#removed],
        statusDigest: this.digest(),
        ...this.#traceOf(changed),
      });
      this.#changed.clear();
      this.#removed.clear();
    }
    const items = this.#drift.splice(0, driftPerMessage);
    if (items.length > 0) messages.push({ type: 'DriftReport', session, items });
    return messages;
  }

  #traceOf(changed: readonly LoopStatus[]): { traceparent?: string } {
    let found: string | undefined;
    for (const { application, sync } of changed) {
      found ??= this.#traces.get(application);
      if (sync === 'InSync' || sync === 'Failed') this.#traces.delete(application);
    }
    return found === undefined ? {} : { traceparent: found };
  }
}
