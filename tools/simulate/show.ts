import type { Tally } from '@fairlead/testkit/simulator';

/** What is shown at a moment. */
export interface Moment {
  readonly atMs: number;
  readonly tally: Tally;
  readonly hubCpuMs: number;
  readonly hubRssBytes: number;
}

/** How many messages went either way. */
export function messagesOf(tally: Tally): number {
  return [tally.sent, tally.received].flatMap((kinds) => Object.values(kinds)).reduce((sum, count) => sum + count, 0);
}

/** The progress line: states now, and rates since the moment before. */
export function progressOf(now: Moment, before: Moment): string {
  const { tally } = now;
  const state = (name: string): number => tally.states[name] ?? 0;
  const forMs = Math.max(1, now.atMs - before.atMs);
  const acked = tally.sent['Ack'] ?? 0;
  const inSync = state('Healthy') + state('Progressing') + state('Degraded');
  const perSecond = ((messagesOf(tally) - messagesOf(before.tally)) * 1000) / forMs;
  return [
    `connected ${tally.connected}/${tally.agents}`,
    `acked ${acked}`,
    `in sync ${inSync}`,
    `healthy ${state('Healthy')}`,
    `failed ${state('Failed') + state('Degraded')}`,
    `${Math.round(perSecond)} messages/s`,
    `hub ${share(now.hubCpuMs - before.hubCpuMs, forMs)} CPU ${megabytes(now.hubRssBytes)}`,
    `simulator ${share(tally.cpuMs - before.tally.cpuMs, forMs)} CPU ${megabytes(tally.rssBytes)}`,
  ].join(', ');
}

/** A line that is there to stay, or the newest one: on a terminal that takes the place of the one before. */
export function shown(line: string, by: { readonly isTerminal: boolean; readonly stays?: boolean }): string {
  if (!by.isTerminal) return `${line}\n`;
  return `\r\u001b[K${line}${by.stays === true ? '\n' : ''}`;
}

/** One change and when it came to each cluster, counted from the ledger push. */
export interface Change {
  readonly round: number;
  readonly receiptsMs: readonly number[];
  readonly overMs: number;
}

/** How long a change took. */
export function changeLine({ round, receiptsMs, overMs }: Change): string {
  return `change ${round}     ${spread(receiptsMs)}; over at ${ms(overMs)}`;
}

/** The summary at the end. */
export function summaryOf(by: {
  readonly first: Moment;
  readonly last: Moment;
  readonly changes: readonly Change[];
  readonly connectMs: readonly number[];
}): string {
  const { first, last, changes, connectMs } = by;
  const { tally } = last;
  const forMs = last.atMs - first.atMs;
  const bytes = tally.bytes.in + tally.bytes.out;
  const clusters = Math.max(1, tally.agents);
  return [
    `${clusters} clusters for ${(forMs / 1000).toFixed(1)} s`,
    `connected    ${spread(connectMs)}`,
    ...changes.map(changeLine),
    `states       ${words(tally.states)}`,
    `sent         ${words(tally.sent)}`,
    `received     ${words(tally.received)}`,
    `failures     ${tally.failures} streams were refused or broke before they began`,
    `on the wire  ${megabytes(bytes)}, ${Math.round(bytes / clusters)} bytes a cluster`,
    `hub          ${ms(last.hubCpuMs)} of CPU since its start, ${((last.hubCpuMs - first.hubCpuMs) / clusters).toFixed(2)} ms a cluster, ${megabytes(last.hubRssBytes)}`,
    `simulator    ${ms(tally.cpuMs)} of CPU, ${megabytes(tally.rssBytes)}`,
  ].join('\n');
}

/** Percentiles of durations. */
export function spread(valuesMs: readonly number[]): string {
  if (valuesMs.length === 0) return 'nothing';
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const at = (share: number): string =>
    ms(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return `${sorted.length} times: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, last ${at(1)}`;
}

function ms(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

function share(cpuMs: number, forMs: number): string {
  return `${Math.round((cpuMs / forMs) * 100)} %`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function words(counts: Readonly<Record<string, number>>): string {
  const shown = Object.entries(counts).filter(([, count]) => count > 0);
  return shown.map(([name, count]) => `${name} ${count}`).join(', ') || 'nothing';
}
