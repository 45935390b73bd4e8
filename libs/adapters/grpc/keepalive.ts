import type { Http2Session } from 'node:http2';
import type { Clock } from '@fairlead/ports/clock';

/** A connection that says nothing for so long is asked whether it is still there. */
const quietMs = 100_000;
/** How often all are looked at: one timer for all of them. */
const sweepMs = 10_000;
/** Looks without an answer after which a connection is over: found within two and a half minutes in all. */
const mostUnanswered = 3;

/** What is known of one connection. */
interface Pulse {
  bytesRead: number;
  heardAtMs: number;
  /** Looks since it was asked; 0 as long as nobody asks. */
  unanswered: number;
}

/**
 * Finds connections whose other end is gone without a word. Whatever is heard counts, also the other end's own question,
 * so that of two ends with equal patience one asks: under 3 KB an hour.
 */
export class Keepalive {
  readonly #clock: Clock;
  readonly #pulses = new Map<Http2Session, Pulse>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches a connection until it is closed. */
  watch(session: Http2Session): void {
    this.#pulses.set(session, { bytesRead: 0, heardAtMs: this.#clock.now(), unanswered: 0 });
    session.once('close', () => this.#forget(session));
    if (this.#pulses.size === 1) this.#lookLater();
  }

  #forget(session: Http2Session): void {
    this.#pulses.delete(session);
    if (this.#pulses.size === 0) this.#cancel?.();
  }

  #lookLater(): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(sweepMs, () => {
      const nowMs = this.#clock.now();
      for (const [session, pulse] of this.#pulses) look(session, { pulse, nowMs });
      // A process that stood still reads what has come before it judges anybody again.
      setImmediate(() => this.#pulses.size > 0 && this.#lookLater());
    });
  }
}

function look(session: Http2Session, { pulse, nowMs }: { readonly pulse: Pulse; readonly nowMs: number }): void {
  if (session.destroyed) return;
  const { bytesRead } = session.socket;
  if (bytesRead !== pulse.bytesRead) {
    pulse.bytesRead = bytesRead;
    pulse.heardAtMs = nowMs;
    pulse.unanswered = 0;
  }
  if (nowMs - pulse.heardAtMs < quietMs) return;
  if (pulse.unanswered === 0) session.ping(() => undefined);
  else if (pulse.unanswered >= mostUnanswered) session.destroy();
  pulse.unanswered += 1;
}
