import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What is read of the process, and done to it. */
export interface Body {
  /** The part of the time since the last call in which the event loop was busy. */
  busyShare(): number;
  residentBytes(): number;
  collect(): void;
}

const lookEveryMs = 10_000;
/** A process that is busier than this is not at rest. */
const restingShare = 0.05;
/** What it must have grown by since the last time: what idle work leaves behind is not worth a pause. */
const grownBytes = 8 * 1024 * 1024;

/**
 * Gives memory back after work. V8 collects when a heap is full and not when there is time, so that an agent would keep
 * for ever what its largest apply took: two thirds of what it has (ADR 0023).
 */
export function collectAtRest(): void {
  setInterval(restWatch(ownBody()), lookEveryMs).unref();
}

/** One look: collects where the process rests and has grown. */
export function restWatch(body: Body): () => void {
  let settledBytes = 0;
  return () => {
    if (body.busyShare() > restingShare || body.residentBytes() < settledBytes + grownBytes) return;
    body.collect();
    settledBytes = body.residentBytes();
  };
}

/** This process. */
function ownBody(): Body {
  let before = performance.eventLoopUtilization();
  // The flag makes a function that only contexts made after it have.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  return {
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    residentBytes: () => process.memoryUsage.rss(),
    collect: () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
  };
}
