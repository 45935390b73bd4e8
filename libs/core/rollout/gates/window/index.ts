import { windowsOf, type Window } from '@fairlead/core/model';
import type { GateKind, Verdict } from '../verdict.ts';
import { openingOf } from './openings.ts';

/** `window`: lets something begin only while the windows are open. They are also what holds the starts of waves. */
export const window: GateKind<never> = {
  kind: 'window',
  uses: [],
  judge: (gate, { nowMs }) => judgeWindows(windowsOf(gate as Parameters<typeof windowsOf>[0]), nowMs),
};

/** Whether something may begin now, and when that changes, told in the zone of the first window. */
export function judgeWindows(windows: readonly Window[], nowMs: number): Verdict {
  const about = { gate: 'window', excluded: [] };
  const zone = windows[0]?.timeZone ?? 'UTC';
  try {
    const { open, edgeMs, opensMs } = openingOf(windows, nowMs);
    const look = edgeMs === undefined ? {} : { recheckAfterMs: edgeMs - nowMs };
    if (open) {
      const until = edgeMs === undefined ? 'for ever' : `at least until ${timeIn(zone, edgeMs)}`;
      return {
        ...about,
        verdict: 'Passed',
        reason: 'Entered',
        message: `Open ${until}.`,
        trailer: 'window ok',
        ...look,
      };
    }
    const opens =
      opensMs === undefined
        ? 'no opening is near; do the denials ever leave a gap?'
        : `it opens at ${timeIn(zone, opensMs)}.`;
    const message = `The window is shut; ${opens}`;
    return { ...about, verdict: 'Waiting', reason: 'WindowShut', message, trailer: 'window shut', ...look };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const message = `The window cannot be read here: ${why}`;
    return { ...about, verdict: 'Unknown', reason: 'GateUnknown', message, trailer: 'window unknown' };
  }
}

/** `Mon 2026-11-23 09:00 Europe/Berlin`. */
function timeIn(zone: string, ms: number): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${part['weekday']} ${part['year']}-${part['month']}-${part['day']} ${part['hour']}:${part['minute']} ${zone}`;
}
