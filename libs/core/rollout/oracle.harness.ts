import { countOf, type RolloutPolicy } from '@fairlead/core/model';
import { checkedMs } from './look.ts';
import type { SimulatedMember } from './simulatedMember.harness.ts';
import type { RolloutKind, RolloutPlan } from './types.ts';

/** What the oracle sees: the agents, and what is in force. */
export interface Sight {
  readonly nowMs: number;
  readonly policy: RolloutPolicy;
  readonly members: ReadonlyMap<string, SimulatedMember>;
  readonly kind: RolloutKind | undefined;
  readonly isHalted: boolean;
  /** Until when the window is shut. */
  readonly shutMs: number;
  /** The store was lost a moment ago. */
  inGrace(): boolean;
  /** The environment selects it, or it has something of the application still. */
  isBound(member: SimulatedMember): boolean;
  waveOf(member: SimulatedMember): string | undefined;
  /** What the environment gives it is the release in force. */
  isGoalOf(member: SimulatedMember | undefined): boolean;
}

/** Works out from the agents' side alone who is disturbed, and holds the planner to I6. */
export class Oracle {
  readonly violations: string[] = [];
  private readonly sight: Sight;
  private begun = new Set<string>();
  /** How many were out after the last pass: where the limit falls below them, they may come back, and nobody may follow. */
  private wereOut = 0;

  constructor(sight: Sight) {
    this.sight = sight;
  }

  /** A wave of the next rollout begins anew, and nobody counts for the last one. */
  forgetWaves(): void {
    this.begun = new Set();
  }

  /** A deadline that grew counts clusters again that were given up, and is no fault of the planner's. */
  policyChanged(): void {
    this.wereOut = Math.max(this.wereOut, this.counts().out);
  }

  /** What the planner may never do, whatever the numbers. */
  checkAssigned(plan: RolloutPlan): void {
    const { sight } = this;
    const isReturn = sight.kind === 'Return';
    const unseen = sight.inGrace() && this.bound().some(({ seen }) => !seen);
    for (const { cluster, to, wave, quiet } of plan.assign) {
      const member = sight.members.get(cluster);
      const loud = !quiet && to === 'Goal';
      const wrong = (is: boolean | undefined, word: string): void => {
        if (is === true) this.violations.push(`${cluster} at ${sight.nowMs}: ${word}`);
      };
      wrong(loud && (plan.state === 'Halted' || sight.isHalted), 'was given something while halted');
      wrong(member?.frozen, 'was given something while frozen');
      const isGoal = to === 'Goal' && sight.isGoalOf(member);
      wrong(isGoal && !member?.rendered, 'was given a goal that is not known');
      wrong(!quiet && !member?.connected && !isReturn, 'was given something while silent');
      wrong(!quiet && unseen, 'was given something before the fleet was seen again');
      const begins = loud && wave !== undefined && !isReturn && !this.begun.has(wave);
      wrong(begins && sight.nowMs < sight.shutMs, `began wave ${wave} while the window was shut`);
    }
    for (const { name, state } of plan.waves) if (state !== 'Ahead') this.begun.add(name);
  }

  /** Who is out now, and how many may be. */
  counts(): { readonly out: number; readonly limit: number } {
    return { out: this.countDisturbed(), limit: this.limit() };
  }

  /** I6, in every pass. A limit that falls below those who are out already is no fault of the planner's. */
  checkDisturbed(before: { readonly out: number; readonly limit: number }): void {
    const { limit } = before;
    const { nowMs } = this.sight;
    const out = this.countDisturbed();
    const all = out + this.countRelapsed();
    if (out > Math.max(limit, this.wereOut)) this.violations.push(`${out} out at ${nowMs}, ${limit} allowed`);
    if (out > before.out && all > limit)
      this.violations.push(`${all} out or relapsed at ${nowMs} with ${out - before.out} taken, ${limit} allowed`);
    this.wereOut = out;
  }

  private bound(): readonly SimulatedMember[] {
    return [...this.sight.members.values()].filter((member) => this.sight.isBound(member));
  }

  private countDisturbed(): number {
    const deadlineMs = checkedMs(this.sight.policy.progressDeadline);
    return this.bound().filter(({ disturbed }) => {
      if (disturbed === undefined || disturbed.back) return false;
      return disturbed.counted || this.sight.nowMs - disturbed.atMs < deadlineMs;
    }).length;
  }

  /** Clusters of open waves that came back and went bad again: nobody is taken out beside them. */
  private countRelapsed(): number {
    return [...this.sight.members.values()].filter((member) => {
      const { counted = false, back = false } = member.disturbed ?? {};
      return counted && back && !member.isWell(this.sight.nowMs);
    }).length;
  }

  private limit(): number {
    const total = this.bound().filter((member) => this.sight.waveOf(member)).length;
    return countOf(this.sight.policy.maxUnavailable, { total, atLeast: 1 });
  }
}
