import { Cron } from 'croner';
import { cronOf, durationMs, type Window } from '@fairlead/core/model';

/** Whether windows let something begin now. */
export interface Opening {
  readonly open: boolean;
  /** When something changes next, or may: the moment to look again. Milliseconds since 1970; undefined for never. */
  readonly edgeMs?: number;
  /** Shut: when they open next. Undefined where that lies too many edges ahead to be looked for. */
  readonly opensMs?: number;
}

/** A span of time that a window covers: from its begin to, not with, its end. */
interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How many begins are joined to one span, and how many edges are looked at for the next opening. */
const most = { joined: 32, edges: 64 };

/**
 * Whether something may begin at a moment. Windows with `allow` add up, none of them means always; `deny` wins. A span
 * lasts for its duration on the clock of physics, so it neither shrinks nor grows where the clocks change; a begin that
 * the change leaves out is at its end, and one that it has twice is the first. Throws for a zone or a cron expression
 * that cannot be read.
 */
export function openingOf(windows: readonly Window[], nowMs: number): Opening {
  const calendar = windows.map(spansOf);
  const now = stateAt(calendar, nowMs);
  const edge = now.edgeMs === undefined ? {} : { edgeMs: now.edgeMs };
  if (now.open) return { open: true, ...edge };
  const opensMs = nextOpening(calendar, now.edgeMs);
  return { open: false, ...edge, ...(opensMs === undefined ? {} : { opensMs }) };
}

interface Recurring {
  readonly allows: boolean;
  /** The span that covers the moment, or the next one. */
  at(nowMs: number): Span | undefined;
}

function spansOf(window: Window): Recurring {
  const cron = new Cron(cronOf(window), { mode: '5-part', timezone: window.timeZone, paused: true });
  const lengthMs = durationMs(window.duration) ?? 0;
  const beginAfter = (ms: number): number | undefined => cron.nextRun(new Date(ms))?.getTime();
  return {
    allows: 'allow' in window,
    at(nowMs) {
      const fromMs = beginAfter(nowMs - lengthMs);
      if (fromMs === undefined) return undefined;
      let lastMs = fromMs;
      // Begins that follow before the span is over make it longer.
      for (let joined = 0; joined < most.joined; joined += 1) {
        const nextMs = beginAfter(lastMs);
        if (nextMs === undefined || nextMs > lastMs + lengthMs) break;
        lastMs = nextMs;
      }
      return { fromMs, untilMs: lastMs + lengthMs };
    },
  };
}

function stateAt(calendar: readonly Recurring[], nowMs: number): { open: boolean; edgeMs?: number } {
  let allowed = !calendar.some(({ allows }) => allows);
  let denied = false;
  const edges: number[] = [];
  for (const one of calendar) {
    const span = one.at(nowMs);
    if (span === undefined) continue;
    const covers = span.fromMs <= nowMs;
    edges.push(covers ? span.untilMs : span.fromMs);
    if (covers && one.allows) allowed = true;
    if (covers && !one.allows) denied = true;
  }
  return { open: allowed && !denied, ...(edges.length === 0 ? {} : { edgeMs: Math.min(...edges) }) };
}

function nextOpening(calendar: readonly Recurring[], fromMs: number | undefined): number | undefined {
  let atMs = fromMs;
  for (let edges = 0; atMs !== undefined && edges < most.edges; edges += 1) {
    const { open, edgeMs } = stateAt(calendar, atMs);
    if (open) return atMs;
    atMs = edgeMs;
  }
  return undefined;
}
