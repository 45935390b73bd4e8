import type { ApplicationView, StepView } from '@fairlead/wire/rest';
import { columnsOf } from './columns.ts';
import { toneOf, type Tone } from './words.ts';
import { waitsOf, type Wait } from './waits.ts';

/** Something about a cell that is to be seen at once. */
export interface Mark {
  readonly text: string;
  readonly tone: Tone;
  /** The sentence behind it. */
  readonly why: string;
}

/** One application in one environment. */
export interface Cell {
  readonly environment: string;
  readonly version: string | undefined;
  readonly clusters: number;
  readonly inSync: number;
  readonly state: string;
  readonly tone: Tone;
  readonly marks: readonly Mark[];
}

/** One application. `cells` has one place for each column; undefined where its pipeline does not go. */
export interface Row {
  readonly application: string;
  readonly cells: readonly (Cell | undefined)[];
  readonly problems: readonly string[];
}

/** Applications by environments. */
export interface Board {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The board of these applications, by name. */
export function boardOf(applications: readonly ApplicationView[]): Board {
  const sorted = applications.toSorted((a, b) => (a.application < b.application ? -1 : 1));
  const columns = columnsOf(sorted.map(({ pipeline }) => pipeline.map(({ environment }) => environment)));
  return {
    columns,
    rows: sorted.map(({ application, pipeline, sources, problems }) => ({
      application,
      cells: columns.map((column) => cellOf(pipeline.find(({ environment }) => environment === column))),
      problems: [...problems, ...sources.flatMap(({ problem }) => problem ?? [])].map(({ message }) => message),
    })),
  };
}

/** An application as it is now in the list, in the place of what was there; undefined where it is gone. */
export function withApplication(
  list: readonly ApplicationView[],
  { name, view }: { readonly name: string; readonly view: ApplicationView | undefined },
): ApplicationView[] {
  const others = list.filter(({ application }) => application !== name);
  return view === undefined ? others : [...others, view];
}

function cellOf(step: StepView | undefined): Cell | undefined {
  if (step === undefined) return undefined;
  const { environment, version, clusters, inSync, rollout } = step;
  return { environment, version, clusters, inSync, state: rollout, tone: toneOf(rollout), marks: marksOf(step) };
}

const waitTexts: Readonly<Record<Wait, string>> = {
  Approval: 'Needs approval',
  Resume: 'Paused',
  Merge: 'Needs a merge',
};

function marksOf(step: StepView): Mark[] {
  const { halted, hold, next, rollout, reason, message } = step;
  return [
    ...(halted || rollout === 'Halted' ? [{ text: 'Halted', tone: 'bad' as const, why: message || reason }] : []),
    ...(hold ? [{ text: 'On hold', tone: 'busy' as const, why: `${hold.by}: ${hold.reason}` }] : []),
    ...waitsOf(step).map((wait) => ({ text: waitTexts[wait], tone: 'busy' as const, why: next?.message ?? '' })),
    ...(next?.reason === 'Rejected' ? [{ text: 'Rejected', tone: 'bad' as const, why: next.message }] : []),
  ];
}
