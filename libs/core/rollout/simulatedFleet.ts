import type { ClusterName, CommitSha, Digest, RolloutPolicy } from '@fairlead/core/model';
import { planRollout } from './planRollout.ts';
import type { Given, Report, RolloutCluster, RolloutKind, RolloutMemory, RolloutPlan, Trouble } from './types.ts';

/** What a bundle does to a cluster: healthy after a while, never, or failed at once. */
export type Behaviour = { readonly afterMs: number } | 'Never' | 'Degraded';

/** Something that happens to the fleet. */
export type Happening =
  | { readonly type: 'Promote'; readonly release: string; readonly behaviour: (cluster: string) => Behaviour }
  | {
      readonly type: 'Silence' | 'Speak' | 'Sicken' | 'Recover' | 'Freeze' | 'Thaw' | 'Leave';
      readonly cluster: string;
    }
  | { readonly type: 'Join'; readonly cluster: string; readonly wave: string }
  | { readonly type: 'Resume' };

interface Member {
  readonly name: string;
  readonly wave: string;
  connected: boolean;
  frozen: boolean;
  sick: boolean;
  given?: Given;
  /** When what it was given became, or becomes, healthy; undefined: never. */
  healthyAtMs?: number | undefined;
  degraded: boolean;
  /** For the oracle: when it was taken out of service; undefined once it came back. */
  takenOutAtMs?: number | undefined;
}

interface Attempt {
  readonly commit: CommitSha;
  readonly release: string;
  readonly kind: RolloutKind;
}

/** A fleet of one environment and one application, moved only by what happens and by what the planner asks for. */
export class SimulatedFleet {
  nowMs = 0;
  plan: RolloutPlan | undefined;
  readonly members = new Map<string, Member>();
  readonly violations: string[] = [];
  halts = 0;
  private readonly policy: RolloutPolicy;
  private readonly due: { atMs: number; run: () => void }[] = [];
  private readonly behaviours = new Map<string, (cluster: string) => Behaviour>();
  private attempt: Attempt | undefined;
  private attempts = 0;
  private completed: string | undefined;
  private completedBy: CommitSha | undefined;
  private halted: Trouble | undefined;
  private memory: RolloutMemory | undefined;
  private recheckAtMs: number | undefined;

  constructor(policy: RolloutPolicy) {
    this.policy = policy;
  }

  /** Lets something happen at a time. */
  at(atMs: number, happening: Happening): void {
    this.due.push({ atMs, run: () => this.happen(happening) });
  }

  /** Runs until nothing is due and the planner asks for nothing more. */
  settle(): void {
    for (let steps = 0; ; steps += 1) {
      if (steps > 20_000) throw new Error('the fleet does not come to rest');
      this.due.sort((a, b) => a.atMs - b.atMs);
      const next = this.due[0];
      const recheckFirst = this.recheckAtMs !== undefined && (next === undefined || this.recheckAtMs < next.atMs);
      if (recheckFirst) this.nowMs = this.recheckAtMs ?? this.nowMs;
      else if (next !== undefined) {
        this.due.shift();
        this.nowMs = Math.max(this.nowMs, next.atMs);
        next.run();
      } else return;
      this.replan();
    }
  }

  /** Everyone is connected, unfrozen and runs the release in force. */
  converged(): boolean {
    return [...this.members.values()].every(
      (member) => this.isHealthy(member) && this.bundleOf(member) === member.given?.bundle,
    );
  }

  /** Plans as things stand now, without giving anything. */
  ask(): RolloutPlan | undefined {
    if (this.attempt === undefined) return undefined;
    return planRollout({
      nowMs: this.nowMs,
      policy: this.policy,
      kind: this.attempt.kind,
      attempt: this.attempt.commit,
      first: this.completed === undefined,
      ...(this.halted === undefined ? {} : { halted: this.halted }),
      clusters: [...this.members.values()].map((member) => this.see(member)),
      ...(this.memory === undefined ? {} : { memory: this.memory }),
    });
  }

  private replan(): void {
    const plan = this.ask();
    if (plan === undefined || this.attempt === undefined) return;
    this.plan = plan;
    this.memory = plan.memory;
    this.recheckAtMs = plan.recheckAfterMs === undefined ? undefined : this.nowMs + plan.recheckAfterMs;
    if (plan.state === 'Over') this.completed = this.attempt.release;
    if (plan.state === 'Over') this.completedBy = this.attempt.commit;
    if (plan.state === 'Halted' && plan.assign.some((assign) => assign.to === 'Goal' && !assign.quiet)) {
      this.violations.push('a halted rollout spread');
    }
    const took = plan.assign.some((assign) => !assign.quiet && this.isInService(assign.cluster));
    for (const assign of plan.assign) this.give(assign.cluster, assign);
    if (took) this.checkDisturbed(plan);
    if (plan.halt !== undefined) this.commitHalt(plan.halt);
  }

  private isInService(name: string): boolean {
    const member = this.members.get(name);
    return member?.given !== undefined && this.isHealthy(member);
  }

  private checkDisturbed(plan: RolloutPlan): void {
    const members = [...this.members.values()];
    const deadlineMs = 600_000;
    const out = members.filter((m) => m.takenOutAtMs !== undefined && this.nowMs - m.takenOutAtMs < deadlineMs);
    if (out.length > plan.counts.maxUnavailable) {
      this.violations.push(
        `${out.length} clusters out at ${this.nowMs}, at most ${plan.counts.maxUnavailable} allowed`,
      );
    }
  }

  private commitHalt(halt: Trouble): void {
    this.halts += 1;
    if (this.policy.onFailure === 'Rollback' && this.completed !== undefined) {
      this.enter(this.completed, 'Return');
    } else {
      this.halted = halt;
    }
    this.due.push({ atMs: this.nowMs + 1, run: () => undefined });
  }

  private enter(release: string, kind: RolloutKind): void {
    this.attempts += 1;
    this.attempt = { commit: String(this.attempts).padStart(40, '0') as CommitSha, release, kind };
    this.halted = undefined;
  }

  private give(
    name: string,
    assign: { to: 'Goal' | 'Fallback'; wave?: string; healthyBefore: boolean; quiet: boolean },
  ): void {
    const member = this.members.get(name);
    if (member === undefined || this.attempt === undefined) throw new Error(`${name} is not in the fleet`);
    if (!member.connected && this.attempt.kind !== 'Return')
      this.violations.push(`${name} was given something while silent`);
    const bundle = assign.to === 'Goal' ? this.bundleOf(member) : (this.completed as Digest);
    const had = member.given;
    if (!assign.quiet && this.isHealthy(member)) member.takenOutAtMs = this.nowMs;
    const { wave } = assign;
    member.given = {
      bundle,
      attempt: assign.to === 'Goal' || this.completedBy === undefined ? this.attempt.commit : this.completedBy,
      elsewhere: false,
      // What stays the same was not given again: its time stays too.
      assignedAtMs: assign.quiet ? (had?.assignedAtMs ?? this.nowMs) : this.nowMs,
      healthyBefore: assign.healthyBefore,
      ...(wave === undefined ? {} : { wave }),
    };
    if (assign.quiet) return;
    const behaviour = this.behaviours.get(bundle)?.(name) ?? 'Never';
    member.degraded = behaviour === 'Degraded';
    member.healthyAtMs = typeof behaviour === 'object' ? this.nowMs + behaviour.afterMs : undefined;
    const answerMs = member.healthyAtMs ?? this.nowMs + 1000;
    this.due.push({ atMs: answerMs, run: () => undefined });
  }

  private isHealthy(member: Member): boolean {
    return member.connected && !member.sick && member.healthyAtMs !== undefined && member.healthyAtMs <= this.nowMs;
  }

  private bundleOf(_member: Member): Digest {
    return (this.attempt?.release ?? '') as Digest;
  }

  private see(member: Member): RolloutCluster {
    if (this.isHealthy(member)) member.takenOutAtMs = undefined;
    const report = this.report(member);
    return {
      cluster: member.name as ClusterName,
      wave: member.wave,
      goal: { kind: 'Bundle', bundle: this.bundleOf(member) },
      connection: member.connected ? 'Connected' : 'Silent',
      seen: true,
      ...(this.completed === undefined ? {} : { fallback: this.completed as Digest }),
      ...(member.given === undefined ? {} : { given: member.given }),
      ...(report === undefined ? {} : { report }),
      ...(member.frozen ? { held: { reason: 'Frozen', message: 'frozen' } } : {}),
    };
  }

  private report(member: Member): Report | undefined {
    const bundle = member.given?.bundle;
    if (bundle === undefined) return undefined;
    const up = member.healthyAtMs !== undefined && member.healthyAtMs <= this.nowMs && !member.sick;
    const health = up ? 'Healthy' : member.degraded ? 'Degraded' : 'Progressing';
    const base = { bundle, sync: 'InSync', health, reason: 'ReconcileInProgress', sinceMs: 0 } as const;
    return up ? { ...base, healthySinceMs: member.healthyAtMs ?? 0 } : base;
  }

  private happen(happening: Happening): void {
    switch (happening.type) {
      case 'Promote':
        this.behaviours.set(happening.release, happening.behaviour);
        return this.enter(happening.release, 'Promotion');
      case 'Join':
        this.members.set(happening.cluster, {
          name: happening.cluster,
          wave: happening.wave,
          connected: true,
          frozen: false,
          sick: false,
          degraded: false,
        });
        return;
      case 'Resume':
        this.halted = undefined;
        return;
      default:
        return this.change(happening.type, this.members.get(happening.cluster));
    }
  }

  private change(
    type: 'Silence' | 'Speak' | 'Sicken' | 'Recover' | 'Freeze' | 'Thaw' | 'Leave',
    member: Member | undefined,
  ): void {
    if (member === undefined) return;
    if (type === 'Leave') this.members.delete(member.name);
    if (type === 'Silence' || type === 'Speak') member.connected = type === 'Speak';
    if (type === 'Freeze' || type === 'Thaw') member.frozen = type === 'Freeze';
    if (type === 'Sicken') member.sick = true;
    if (type === 'Recover' && member.sick) {
      member.sick = false;
      if (member.healthyAtMs !== undefined) member.healthyAtMs = Math.max(member.healthyAtMs, this.nowMs);
    }
  }
}
