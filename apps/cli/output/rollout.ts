import type { RolloutView } from '@fairlead/wire/rest';
import type { Column, Printer } from './print.ts';
import { minuteOf, plain, short, stateWord } from './words.ts';

type Wave = RolloutView['waves'][number];
type Member = RolloutView['clusters'][number];
type Gate = RolloutView['gates'][number];

const waves: readonly Column<Wave>[] = [
  { title: 'WAVE', of: (row) => row.name },
  { title: 'STATE', state: true, of: (row) => row.state },
  { title: 'DONE', of: (row) => `${row.done}/${row.total}` },
  { title: 'IN PROGRESS', of: (row) => String(row.inProgress) },
  { title: 'REASON', wide: true, of: (row) => row.reason },
  { title: 'WHY', of: (row) => row.message },
];

const gates: readonly Column<Gate>[] = [
  { title: 'GATE', of: (row) => row.gate },
  { title: 'VERDICT', state: true, of: (row) => row.verdict },
  { title: 'REASON', wide: true, of: (row) => row.reason },
  { title: 'LOOKED AT NEXT', of: (row) => (row.lookAtMs === undefined ? undefined : minuteOf(row.lookAtMs)) },
  { title: 'WHY', of: (row) => row.message },
];

const members: readonly Column<Member>[] = [
  { title: 'CLUSTER', of: (row) => row.cluster },
  { title: 'WAVE', of: (row) => row.wave },
  { title: 'STATE', state: true, of: (row) => row.state },
  { title: 'REASON', wide: true, of: (row) => row.reason },
  { title: 'WHY', of: (row) => row.message },
];

/** What is not over by an event is looked at again at a time that is known. */
function lookedAt({ lookAtMs }: { readonly lookAtMs?: number | undefined }): string {
  return lookAtMs === undefined ? '' : `; looked at next ${minuteOf(lookAtMs)}`;
}

/** The head of a rollout: where, which version, its state and why, and what comes next. */
export function printRolloutHead(print: Printer, rollout: RolloutView): void {
  const { paint } = print;
  const { application, environment, version, release, state, message, next } = rollout;
  const what = release === undefined ? '' : ` ${plain(version ?? '')} (${short(release)})`;
  print.line(`${paint.bold(`${application} in ${environment}`)}${what}: ${stateWord(state, paint)}`);
  print.line(`  ${plain(message)} (${rollout.reason})${lookedAt(rollout)}`);
  if (rollout.entered !== undefined) print.line(`  entered with: ${plain(rollout.entered)}`);
  if (next && next.message !== message) print.line(`  next: ${plain(next.message)} (${next.reason})${lookedAt(next)}`);
}

/** Waves, gates and clusters of a rollout as tables. */
export function printRolloutParts(
  print: Printer,
  rollout: RolloutView,
  { clusters = rollout.clusters }: { readonly clusters?: readonly Member[] } = {},
): void {
  const parts: readonly (() => void)[] = [
    ...(rollout.waves.length > 0 ? [() => print.table(rollout.waves, waves)] : []),
    ...(rollout.gates.length > 0 ? [() => print.table(rollout.gates, gates)] : []),
    ...(clusters.length > 0 ? [() => print.table(clusters, members)] : []),
  ];
  for (const part of parts) {
    print.line();
    part();
  }
}
