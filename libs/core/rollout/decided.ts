import type { Reason } from '@fairlead/core/model';
import type { Trouble } from './types.ts';

/** Where one cluster stands in a rollout, as people are told. */
export interface Standing extends Trouble {
  readonly cluster: string;
  readonly wave?: string;
  readonly state: string;
}

/** What time alone can change. */
interface Looked {
  /** When it is looked at next if nothing happens before. Milliseconds since 1970. */
  readonly lookAtMs?: number;
}

/** The planner's last word on one application in one environment; what `why`, status and page read. */
export interface Decided {
  readonly state: string;
  readonly why: Trouble & Looked;
  readonly waves: readonly (Trouble & {
    readonly name: string;
    readonly state: string;
    readonly total: number;
    readonly done: number;
    readonly inProgress: number;
  })[];
  /** Clusters that were given the ledger's release, by what they say of it. */
  readonly counts: { readonly inSync: number; readonly healthy: number };
  /** How many decisions were recorded so far with what they rested on. */
  readonly recorded?: number;
  /** What may enter next. */
  readonly next?: Trouble & Looked;
  /** Which candidate the gates are about, as trailers of commits name it. */
  readonly candidate?: string;
  readonly gates: readonly (Trouble &
    Looked & {
      readonly gate: string;
      readonly verdict: 'Pass' | 'Wait' | 'Fail' | 'Unknown';
    })[];
}

/** Key of the fact that keeps {@link Decided} of ENVIRONMENT/TEAM/APPLICATION. */
export function decisionKey(unit: string): string {
  return `decision:${unit}`;
}

/** Key of the fact that keeps `clusters`, the {@link Standing} of those that are not done and of some that are. */
export function standingsKey(unit: string): string {
  return `standings:${unit}`;
}

/** What the keys of a unit's recorded decisions begin with. */
export function recordsPrefix(unit: string): string {
  return `record:${unit}:`;
}

/** So many of the newest are kept of each unit. */
const recordsKept = 12;

/** Key of the fact that keeps a unit's record of this number; it takes the place of an old one. */
export function recordKey(unit: string, number: number): string {
  return `${recordsPrefix(unit)}${number % recordsKept}`;
}

/** Facts that exist while the newest release cannot enter for a reason that calls for a person's hand. */
export const inputTroublePrefix = 'trouble:';

/** In a source, in the definition or in the hub's tools: waiting ends none of them. */
const handReasons: ReadonlySet<Reason> = new Set<Reason>([
  'SourceUnavailable',
  'SourceNotFound',
  'SourceRejected',
  'SourceUnsupported',
  'SourceTooLarge',
  'RevisionGone',
  'RenderFailed',
  'RenderEmpty',
  'RendererMissing',
  'NotReproducible',
  'InvalidManifest',
  'DuplicateObject',
  'TeamForbids',
]);

/** True for a reason that only a person's hand takes away. */
export function needsHand(reason: Reason): boolean {
  return handReasons.has(reason);
}
