import type { CommitSha, Digest } from '@fairlead/core/model';
import type { Given, Report } from './types.ts';

/** What a bundle does to a cluster: healthy after a while, never, or failed at once. */
export type Behaviour = { readonly afterMs: number } | 'Never' | 'Degraded';

/** What happens to one cluster: it is silent, sick, frozen, cannot be rendered; the environment takes it or lets it go. */
export type MemberEvent =
  | ('Silence' | 'Speak' | 'Sicken' | 'Recover' | 'Freeze' | 'Thaw' | 'Unrender' | 'Render')
  | ('Place' | 'Unplace' | 'Leave');

/** What an agent runs. */
interface Runs {
  readonly bundle: Digest;
  attempt: CommitSha;
  degraded: boolean;
  /** When it became, or becomes, healthy; undefined: never. */
  healthyAtMs?: number | undefined;
  /** When it is deleted, by a tombstone. */
  goneAtMs?: number;
}

/** For the oracle: the cluster was in service and was given something else. */
interface Disturbed {
  readonly atMs: number;
  /** By a wave of the attempt that is in force, in which it counts. */
  counted: boolean;
  /** It came back since. */
  back: boolean;
}

/** How long an agent takes to answer to what it is given; until then its last word stands. */
const answersInMs = 300;
/** How long an agent takes to delete what a tombstone names. */
const deletesInMs = 20_000;

/** One cluster: what its agent runs, and what the hub knows of that. */
export class SimulatedMember {
  readonly name: string;
  /** Place in the lists of behaviours. */
  readonly index: number;
  /** The wave that its labels ask for. */
  label: string;
  /** Changes with its labels what a release renders to. */
  variant = 0;
  placed = true;
  connected = true;
  frozen = false;
  sick = false;
  /** Its goal can be rendered. */
  rendered = true;
  /** It has spoken since the store was lost. */
  seen = true;
  /** The hub's row. */
  given: Given | undefined;
  /** What the hub heard last. */
  told: Report | undefined;
  /** When the hub heard it. */
  private toldAtMs = Number.NEGATIVE_INFINITY;
  private answersAtMs = 0;
  runs: Runs | undefined;
  disturbed: Disturbed | undefined;

  constructor(name: string, { index, label }: { index: number; label: string }) {
    this.name = name;
    this.index = index;
    this.label = label;
  }

  /** It is heard, and runs what it was given in good health. */
  isWell(nowMs: number): boolean {
    if (!this.connected) return false;
    if (this.given?.bundle === undefined) return this.runs === undefined;
    return this.runs?.bundle === this.given.bundle && this.runs.goneAtMs === undefined && this.isUp(nowMs);
  }

  /** Its agent takes what it was given, if it is heard. Returns the times at which something comes of it. */
  obey(nowMs: number, behaviourOf: (bundle: Digest) => Behaviour): readonly number[] {
    if (!this.connected || this.given === undefined) return [];
    const { bundle, attempt } = this.given;
    this.answersAtMs = nowMs + answersInMs;
    if (bundle === undefined) return [this.answersAtMs, ...this.leave(nowMs)];
    if (this.runs?.bundle === bundle && this.runs.goneAtMs === undefined) {
      this.runs.attempt = attempt;
      return [this.answersAtMs];
    }
    const behaviour = behaviourOf(bundle);
    const healthyAtMs = typeof behaviour === 'object' ? nowMs + behaviour.afterMs : undefined;
    this.runs = { bundle, attempt, degraded: behaviour === 'Degraded', healthyAtMs };
    return [this.answersAtMs, healthyAtMs ?? nowMs + 1000];
  }

  /** Its agent says how it stands, if it is heard. */
  tell(nowMs: number): void {
    if (this.runs?.goneAtMs !== undefined && this.runs.goneAtMs <= nowMs) this.runs = undefined;
    if (!this.connected || !this.seen || nowMs < this.answersAtMs) return;
    this.toldAtMs = nowMs;
    const health = this.isUp(nowMs) ? 'Healthy' : this.runs?.degraded === true ? 'Degraded' : 'Progressing';
    this.told = this.runs && this.reportOf(this.runs, { health, nowMs });
  }

  /** The hub's row as the planner sees it: unanswered while its word is from before, or it never spoke. */
  row(): Given | undefined {
    if (this.given === undefined || this.toldAtMs > this.given.assignedAtMs) return this.given;
    return this.told?.bundle === this.given.bundle ? { ...this.given, unanswered: true } : this.given;
  }

  /** It speaks again, of all that it has; a hub that lost its store takes the row from that. */
  speak(nowMs: number, wave: string): void {
    const { seen } = this;
    this.seen = true;
    // What an agent says first is all that it has, and what the row is made of.
    this.answersAtMs = nowMs;
    this.tell(nowMs);
    if (seen || this.runs === undefined || this.given !== undefined) return;
    const { bundle, attempt } = this.runs;
    this.given = { bundle, attempt, elsewhere: false, assignedAtMs: nowMs - 1, wave };
  }

  /** What the hub knew of it is lost. */
  forget(): void {
    this.seen = false;
    this.given = undefined;
    this.told = undefined;
    if (this.disturbed !== undefined) this.disturbed.counted = false;
  }

  /** What happens to it, as far as it is its own. */
  undergo(type: Exclude<MemberEvent, 'Leave'>, nowMs: number): void {
    if (type === 'Silence' || type === 'Speak') this.connected = type === 'Speak';
    if (type === 'Freeze' || type === 'Thaw') this.frozen = type === 'Freeze';
    if (type === 'Unrender' || type === 'Render') this.rendered = type === 'Render';
    if (type === 'Place' || type === 'Unplace') this.placed = type === 'Place';
    if (type === 'Unplace' && this.disturbed !== undefined) this.disturbed.counted = false;
    if (type === 'Sicken') this.sick = true;
    if (type === 'Recover') this.recover(nowMs);
  }

  private recover(nowMs: number): void {
    if (this.sick && this.runs?.healthyAtMs !== undefined)
      this.runs.healthyAtMs = Math.max(this.runs.healthyAtMs, nowMs);
    this.sick = false;
  }

  private isUp(nowMs: number): boolean {
    return !this.sick && this.runs?.healthyAtMs !== undefined && this.runs.healthyAtMs <= nowMs;
  }

  private leave(nowMs: number): readonly number[] {
    if (this.runs === undefined || this.runs.goneAtMs !== undefined) return [];
    this.runs.goneAtMs = nowMs + deletesInMs;
    return [this.runs.goneAtMs];
  }

  private reportOf(runs: Runs, { health, nowMs }: { health: Report['health']; nowMs: number }): Report {
    const same = this.told?.bundle === runs.bundle && this.told.health === health;
    const sinceMs = same ? (this.told?.sinceMs ?? nowMs) : nowMs;
    const base = { bundle: runs.bundle, sync: 'InSync', health, reason: 'ReconcileInProgress', sinceMs } as const;
    return health === 'Healthy' ? { ...base, healthySinceMs: runs.healthyAtMs ?? 0 } : base;
  }
}
