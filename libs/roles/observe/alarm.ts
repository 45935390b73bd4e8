import type { Change } from '@fairlead/ports/store';
import { stalledError, type LoopReport } from '@fairlead/shell/watchdog';

/** The line of the journal for a loop that began to stand, or goes on. */
export function journalStall(given: {
  readonly report: LoopReport;
  readonly change: 'began' | 'over';
  readonly instance: string;
  readonly nowMs: number;
}): Extract<Change, { put: 'event' }> {
  const { report, change, instance, nowMs } = given;
  const began = change === 'began';
  const message = began
    ? `${instance}: ${stalledError(report).message}`
    : `${instance}: the loop ${report.name} goes on.`;
  return {
    put: 'event',
    row: { atMs: nowMs, type: 'LoopStalled', reason: began ? 'LoopStalled' : 'Current', message },
  };
}
