import { context, propagation, ROOT_CONTEXT, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import type { ClusterName } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AttemptTrace } from './attempts.ts';
import { instruments, scope } from '../instruments.ts';

/** What became of a desired state in one cluster. */
export type DeliveryStage = 'Received' | 'Applied' | 'Failed';

/** One stage of one cluster, as the hub saw it. */
export interface Arrival {
  readonly cluster: ClusterName;
  readonly stage: DeliveryStage;
  /** When the stage before it was reached; milliseconds since 1970. */
  readonly fromMs: number;
  /** When the desired state was sent. */
  readonly sentAtMs: number;
}

/** What goes out to clusters and comes back, told by attempt. */
export interface Deliveries {
  sent(attempt: AttemptTrace): void;
  arrived(attempt: AttemptTrace, arrival: Arrival): void;
  /** Tells of everything that is under way as it stands. */
  close(): void;
}

/** Spans of clusters in one delivery: the first ones of each stage, then those that are slower than all before. */
const firstClusters = 20;
const slowerBy = 1.25;
const mostClusters = 200;
/** A delivery ends when every cluster answered, or after this time without an answer. */
const quietMs = 30_000;
/** Deliveries under way at a time; the oldest is ended for a newer one. */
const mostDeliveries = 256;

/**
 * Follows attempts from one gateway to its clusters. However many clusters there are, a delivery is one span with the
 * counts, and below it a bounded number of clusters: the first twenty of each stage, those that took a quarter longer
 * than the slowest before them, and the last one that answered. The histograms count all of them.
 */
export function followDeliveries(clock: Clock): Deliveries {
  const open = new Map<string, Delivery>();
  const find = (attempt: AttemptTrace): Delivery | undefined => {
    if (attempt.traceparent === undefined) return undefined;
    const found = open.get(attempt.attempt);
    if (found) return found;
    const [oldest] = open.values();
    if (open.size >= mostDeliveries) oldest?.end();
    const made: Delivery = new Delivery(clock, { traceparent: attempt.traceparent, attempt: attempt.attempt });
    made.onEnd = () => void open.delete(attempt.attempt);
    open.set(attempt.attempt, made);
    return made;
  };
  return {
    sent: (attempt) => find(attempt)?.sent(),
    arrived(attempt, arrival) {
      const nowMs = clock.now();
      const { stage, sentAtMs } = arrival;
      const { deliveryDuration, receiptDuration } = instruments();
      deliveryDuration.record((nowMs - sentAtMs) / 1000, { 'fairlead.delivery.stage': stage });
      if (stage === 'Applied') receiptDuration.record((nowMs - attempt.atMs) / 1000);
      find(attempt)?.arrived(arrival, nowMs);
    },
    close() {
      for (const delivery of open.values()) delivery.end();
    },
  };
}

/** One attempt on its way to the clusters of one gateway. */
class Delivery {
  onEnd: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #span: Span;
  readonly #inside: Context;
  readonly #counts: Record<DeliveryStage | 'sent', number> = { sent: 0, Received: 0, Applied: 0, Failed: 0 };
  readonly #slowestMs: Record<DeliveryStage, number> = { Received: 0, Applied: 0, Failed: 0 };
  #told = 0;
  /** The one that answered last, as long as it has no span. */
  #last: (() => void) | undefined;
  #stopWaiting: () => void = () => undefined;

  constructor(clock: Clock, { traceparent, attempt }: { traceparent: string; attempt: string }) {
    this.#clock = clock;
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent });
    this.#span = trace
      .getTracer(scope)
      .startSpan('deliver', { startTime: clock.now(), attributes: { 'fairlead.attempt': attempt } }, parent);
    this.#inside = trace.setSpan(parent, this.#span);
  }

  sent(): void {
    this.#counts.sent += 1;
    this.#wait();
  }

  arrived(arrival: Arrival, nowMs: number): void {
    const { stage, fromMs } = arrival;
    this.#counts[stage] += 1;
    const tookMs = nowMs - fromMs;
    const tell = (): void => this.#tell(arrival, nowMs);
    const isFirst = this.#counts[stage] <= firstClusters;
    const isSlow = tookMs > this.#slowestMs[stage] * slowerBy;
    this.#slowestMs[stage] = Math.max(this.#slowestMs[stage], tookMs);
    if ((isFirst || isSlow) && this.#told < mostClusters) tell();
    this.#last = (isFirst || isSlow) && this.#told <= mostClusters ? undefined : tell;
    if (this.#counts.Applied + this.#counts.Failed >= this.#counts.sent) this.end();
    else this.#wait();
  }

  end(): void {
    this.#stopWaiting();
    this.#last?.();
    this.#span.setAttributes({
      'fairlead.clusters.sent': this.#counts.sent,
      'fairlead.clusters.received': this.#counts.Received,
      'fairlead.clusters.applied': this.#counts.Applied,
      'fairlead.clusters.failed': this.#counts.Failed,
    });
    this.#span.end(this.#clock.now());
    this.onEnd();
  }

  #tell({ cluster, stage, fromMs }: Arrival, nowMs: number): void {
    this.#told += 1;
    context.with(this.#inside, () => {
      const span = trace
        .getTracer(scope)
        .startSpan(names[stage], { startTime: fromMs, attributes: { 'fairlead.cluster': cluster } });
      if (stage === 'Failed') span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(nowMs);
    });
  }

  #wait(): void {
    this.#stopWaiting();
    this.#stopWaiting = this.#clock.after(quietMs, () => this.end());
  }
}

const names: Readonly<Record<DeliveryStage, string>> = {
  Received: 'cluster received',
  Applied: 'cluster applied',
  Failed: 'cluster failed',
};
