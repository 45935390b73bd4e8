import type { ClusterName, CommitSha, Digest, RolloutPolicy } from '@fairlead/core/model';
import type { Happening } from './happening.harness.ts';
import { Oracle, type Sight } from './oracle.harness.ts';
import { planRollout } from './planRollout.ts';
import { SimulatedMember, type MemberEvent } from './simulatedMember.harness.ts';
import { SimulatedReleases } from './simulatedReleases.harness.ts';
import type {
  Assign,
  Goal,
  RolloutCluster,
  RolloutInput,
  RolloutKind,
  RolloutMemory,
  RolloutPlan,
  Trouble,
} from './types.ts';
import { wavesOf } from './waves.ts';

interface Attempt {
  readonly commit: CommitSha;
  readonly release: string;
  readonly kind: RolloutKind;
}

/** A window that is shut, and a ledger that cannot be written: until when. */
interface Until {
  shutMs: number;
  ledgerMs: number;
}

const graceMs = 600_000;
const dayMs = 86_400_000;

/**
 * A fleet of one environment and one application, moved only by what happens and by what the planner asks for. It keeps what
 * the shell keeps: the ledger's file, rows, reports. Beside it an {@link Oracle} watches the planner.
 */
export class SimulatedFleet implements Sight {
  nowMs = 0;
  plan: RolloutPlan | undefined;
  readonly members = new Map<string, SimulatedMember>();
  readonly oracle = new Oracle(this);
  /** Wake-ups that the planner should have asked for. */
  readonly lost: string[] = [];
  /** Words for what has occurred, so that a test can tell that its cases reach what they are about. */
  readonly marks = new Set<string>();
  policy: RolloutPolicy;
  private readonly due: { atMs: number; run: () => void }[] = [];
  private readonly releases = new SimulatedReleases();
  private attempt: Attempt | undefined;
  private attempts = 0;
  /** The attempt whose release last completed its rollout here, as the ledger's file says. */
  private fallback: Attempt | undefined;
  private halted: Trouble | undefined;
  private memory: RolloutMemory | undefined;
  private recheckAtMs: number | undefined;
  private graceUntilMs: number | undefined;
  /** Nothing has completed here, so that clusters that have nothing count, and take slots. */
  private first = true;
  private readonly until: Until = { shutMs: 0, ledgerMs: 0 };

  constructor(policy: RolloutPolicy) {
    this.policy = policy;
  }

  get kind(): RolloutKind | undefined {
    return this.attempt?.kind;
  }

  get isHalted(): boolean {
    return this.halted !== undefined;
  }

  get shutMs(): number {
    return this.until.shutMs;
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
      this.checkIdle(Math.min(next?.atMs ?? Infinity, this.recheckAtMs ?? Infinity));
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

  /** Whoever the environment selects is well and runs the release in force; nobody else runs anything of it. */
  converged(): boolean {
    return [...this.members.values()].every((member) =>
      member.placed
        ? member.isWell(this.nowMs) && member.given?.bundle === this.bundleOf(member)
        : member.runs === undefined,
    );
  }

  /** Nobody is selected, or somebody is silent, held, sick or broken: the reasons for which a rollout may stand still. */
  troubled(): boolean {
    const bound = [...this.members.values()].filter((member) => this.isBound(member));
    return (
      bound.length === 0 ||
      bound.some((member) => member.frozen || !member.rendered || !member.connected || !member.isWell(this.nowMs))
    );
  }

  /** Plans as things stand after a time, without giving anything. */
  ask(afterMs = 0): RolloutPlan | undefined {
    const input = this.input(this.nowMs + afterMs);
    return input && planRollout(input);
  }

  private input(nowMs: number): RolloutInput | undefined {
    if (this.attempt === undefined) return undefined;
    const { commit, kind } = this.attempt;
    const over = this.memory?.attempt === commit && this.memory.over;
    const recheckAfterMs = this.until.shutMs - nowMs;
    return {
      nowMs,
      policy: this.policy,
      kind,
      attempt: commit,
      first: this.fallback === undefined && !over,
      ...(this.halted === undefined ? {} : { halted: this.halted }),
      ...(recheckAfterMs > 0
        ? { waveStartsHeld: { reason: 'WaitsForGate', message: 'shut', recheckAfterMs } as const }
        : {}),
      ...(this.graceUntilMs === undefined ? {} : { graceUntilMs: this.graceUntilMs }),
      clusters: [...this.members.values()].filter((member) => this.isBound(member)).map((member) => this.see(member)),
      ...(this.memory === undefined ? {} : { memory: this.memory }),
    };
  }

  private replan(): void {
    for (const member of this.members.values()) this.hear(member);
    const input = this.input(this.nowMs);
    if (input === undefined) return;
    const plan = planRollout(input);
    this.first = input.first;
    // A change begins where the rollout before it ended, maybe in the same pass.
    if (plan.memory.kind !== this.memory?.kind) this.endRollout();
    this.oracle.checkAssigned(plan);
    if (plan.state === 'Over') this.endRollout();
    this.plan = plan;
    this.memory = plan.memory;
    this.recheckAtMs = plan.recheckAfterMs === undefined ? undefined : this.nowMs + plan.recheckAfterMs;
    const before = this.oracle.counts();
    for (const member of this.members.values()) this.dropTombstone(member);
    for (const assign of plan.assign) this.give(assign);
    this.oracle.checkDisturbed(before);
    if (plan.halt !== undefined) this.commitHalt(plan.halt);
    this.mark(plan);
  }

  /** Between two wake-ups nothing comes due that nobody would ask for. */
  private checkIdle(untilMs: number): void {
    const afterMs = Math.min(untilMs - 1, this.nowMs + dayMs) - this.nowMs;
    if (afterMs < 1000) return;
    const [now, later] = [this.ask(), this.ask(afterMs)];
    if (now === undefined || later === undefined) return;
    if (later.state === now.state && later.assign.length === now.assign.length) return;
    this.lost.push(`${now.state} at ${this.nowMs}, and ${later.state} ${afterMs} ms later, and nobody was to ask`);
  }

  /** Reports reach the hub, and the oracle sees who came back. */
  private hear(member: SimulatedMember): void {
    member.tell(this.nowMs);
    if (member.disturbed !== undefined && member.isWell(this.nowMs)) member.disturbed.back = true;
  }

  isGoalOf(member: SimulatedMember | undefined): boolean {
    return member !== undefined && member.placed && this.attempt?.kind !== 'Withdrawal';
  }

  private endRollout(): void {
    this.oracle.forgetWaves();
    for (const { disturbed } of this.members.values()) if (disturbed !== undefined) disturbed.counted = false;
  }

  private commitHalt(halt: Trouble): void {
    if (this.nowMs < this.until.ledgerMs) return this.wakeAt(this.until.ledgerMs);
    if (this.policy.onFailure === 'Rollback' && this.fallback !== undefined)
      this.enter({ release: this.fallback.release, kind: 'Return' });
    else this.halted = halt;
    this.wakeAt(this.nowMs + 1);
  }

  private enter({ release, kind }: Omit<Attempt, 'commit'>): void {
    this.attempts += 1;
    this.attempt = { commit: String(this.attempts).padStart(40, '0') as CommitSha, release, kind };
    this.halted = undefined;
    this.endRollout();
  }

  private wakeAt(atMs: number): void {
    this.due.push({ atMs, run: () => undefined });
  }

  private give(assign: Assign): void {
    const member = this.members.get(assign.cluster);
    if (member === undefined || this.attempt === undefined) throw new Error(`${assign.cluster} is not in the fleet`);
    const { wave, quiet, healthyBefore } = assign;
    const isFallback = assign.to === 'Fallback';
    const release = isFallback ? this.fallback?.release : this.attempt.release;
    const isTombstone = !isFallback && !this.isGoalOf(member);
    const inService = member.given === undefined ? this.first && !isTombstone : member.isWell(this.nowMs);
    const counted = wave !== undefined && healthyBefore;
    if (!quiet && inService) member.disturbed = { atMs: this.nowMs, counted, back: false };
    // Who is out already and is given something again was sick before it, unless the planner says that it counts.
    else if (!quiet && member.disturbed !== undefined) member.disturbed.counted = counted;
    member.given = {
      ...(isTombstone ? {} : { bundle: this.bundleOf(member, release) }),
      attempt: isFallback && this.fallback ? this.fallback.commit : this.attempt.commit,
      elsewhere: false,
      // What stays the same was not given again: its time stays too.
      assignedAtMs: quiet ? (member.given?.assignedAtMs ?? this.nowMs) : this.nowMs,
      healthyBefore,
      ...(wave === undefined ? {} : { wave }),
    };
    this.obey(member);
    if (isTombstone) this.marks.add('Tombstone');
  }

  private obey(member: SimulatedMember): void {
    const at = (bundle: Digest) => this.releases.behaviourOf(bundle, member);
    for (const atMs of member.obey(this.nowMs, at)) this.wakeAt(atMs);
  }

  /** A tombstone whose objects are gone ends. */
  private dropTombstone(member: SimulatedMember): void {
    if (member.given === undefined || member.given.bundle !== undefined || member.frozen) return;
    if (!member.connected || member.told !== undefined || member.runs !== undefined) return;
    member.given = undefined;
    member.disturbed = undefined;
    this.wakeAt(this.nowMs + 1);
  }

  isBound(member: SimulatedMember): boolean {
    if (member.given !== undefined) return true;
    // Who has something of what is withdrawn is not known before they speak, and they are waited for as everybody is.
    return this.attempt?.kind === 'Withdrawal' ? !member.seen && this.inGrace() : member.placed;
  }

  inGrace(): boolean {
    return this.nowMs < (this.graceUntilMs ?? 0);
  }

  private bundleOf(member: SimulatedMember, release = this.attempt?.release): Digest {
    return this.releases.bundleOf(release, member);
  }

  waveOf(member: SimulatedMember): string | undefined {
    return member.placed || this.attempt?.kind === 'Withdrawal' ? this.claim(member) : undefined;
  }

  private claim({ label }: SimulatedMember): string {
    return wavesOf(this.policy.waves).find(({ name }) => name === label)?.name ?? 'rest';
  }

  private goalOf(member: SimulatedMember): Goal {
    if (!this.isGoalOf(member)) return { kind: 'Nothing' };
    if (member.rendered) return { kind: 'Bundle', bundle: this.bundleOf(member) };
    return { kind: 'Unknown', trouble: { reason: 'RenderFailed', message: 'kustomize refused it' } };
  }

  private see(member: SimulatedMember): RolloutCluster {
    const [wave, given] = [this.waveOf(member), member.row()];
    const joins = member.placed && member.given?.bundle === undefined && this.fallback !== undefined;
    return {
      cluster: member.name as ClusterName,
      goal: this.goalOf(member),
      connection: member.connected ? 'Connected' : 'Silent',
      seen: member.seen,
      ...(wave === undefined ? {} : { wave }),
      ...(joins ? { fallback: this.bundleOf(member, this.fallback?.release) } : {}),
      ...(given === undefined ? {} : { given }),
      ...(member.told === undefined ? {} : { report: member.told }),
      ...(member.frozen ? { held: { reason: 'Frozen', message: 'frozen' } } : {}),
    };
  }

  private mark({ state, reason, assign, memory, clusters }: RolloutPlan): void {
    const words = [state, reason, memory.kind, ...clusters.map((cluster) => cluster.reason)];
    for (const word of words) this.marks.add(word);
    for (const { to, quiet } of assign) this.marks.add(quiet ? 'Quiet' : to);
    if (memory.forgiven.length > 0) this.marks.add('Forgiven');
    if (memory.waves.some(({ skipped }) => skipped.length > 0)) this.marks.add('Skipped');
  }

  private happen(happening: Happening): void {
    switch (happening.type) {
      case 'Promote':
        return this.promote(happening);
      case 'Join':
        return this.join(happening);
      case 'Relabel':
        return this.relabel(happening);
      case 'Shut':
        this.until.shutMs = this.nowMs + happening.forMs;
        return;
      case 'LedgerDown':
        this.until.ledgerMs = this.nowMs + happening.forMs;
        return;
      case 'Policy':
        this.policy = happening.policy;
        this.oracle.policyChanged();
        return;
      case 'Rerender':
        for (const member of this.members.values()) if (member.index % happening.every === 0) member.variant += 1;
        return;
      case 'Resume':
        return this.resume();
      case 'Revert':
        if (this.fallback !== undefined && this.attempt?.kind !== 'Withdrawal')
          this.enter({ release: this.fallback.release, kind: 'Return' });
        return;
      case 'Withdraw':
        return this.withdraw();
      case 'LoseStore':
        return this.loseStore();
      case 'Mend':
        for (const member of this.members.values())
          for (const type of ['Speak', 'Recover', 'Thaw', 'Render'] as const) this.change(type, member);
        return;
      default:
        return this.change(happening.type, this.members.get(happening.cluster));
    }
  }

  private promote(happening: Happening & { type: 'Promote' }): void {
    this.releases.add(happening);
    // As the promotion's own commit writes it.
    const completed = this.plan?.state === 'Over' && this.memory?.attempt === this.attempt?.commit;
    if (completed && this.attempt?.kind !== 'Withdrawal') this.fallback = this.attempt;
    this.enter({ release: happening.release, kind: 'Promotion' });
  }

  private join({ cluster, wave }: { cluster: string; wave: string }): void {
    if (this.members.has(cluster)) return;
    this.members.set(cluster, new SimulatedMember(cluster, { index: Number(cluster.slice(1)), label: wave }));
  }

  private relabel({ cluster, wave }: { cluster: string; wave: string }): void {
    const member = this.members.get(cluster);
    if (member !== undefined) member.label = wave;
  }

  private resume(): void {
    if (this.halted === undefined) return;
    this.halted = undefined;
    for (const member of this.members.values())
      if (member.disturbed !== undefined && !member.isWell(this.nowMs)) member.disturbed.counted = false;
  }

  private withdraw(): void {
    if (this.attempt === undefined || this.attempt.kind === 'Withdrawal') return;
    this.fallback = undefined;
    this.enter({ release: this.attempt.release, kind: 'Withdrawal' });
  }

  /** What cannot be derived from git and the agents is gone; whoever is heard speaks within two minutes. */
  private loseStore(): void {
    this.memory = undefined;
    this.recheckAtMs = undefined;
    this.graceUntilMs = this.nowMs + graceMs;
    this.oracle.forgetWaves();
    for (const member of this.members.values()) {
      member.forget();
      const speak = (): void => {
        if (member.connected) this.speak(member);
      };
      this.due.push({ atMs: this.nowMs + 1000 + member.index * 5000, run: speak });
    }
  }

  private speak(member: SimulatedMember): void {
    // After its grace a withdrawal knows of those only that have spoken, and cannot count the others.
    if (!member.seen && !this.inGrace() && this.attempt?.kind === 'Withdrawal') member.disturbed = undefined;
    member.speak(this.nowMs, this.claim(member));
    this.obey(member);
  }

  private change(type: MemberEvent, member: SimulatedMember | undefined): void {
    if (member === undefined) return;
    if (type === 'Leave') this.members.delete(member.name);
    else member.undergo(type, this.nowMs);
    if (type === 'Speak') this.speak(member);
  }
}
