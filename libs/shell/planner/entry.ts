import { definitionContent, releaseDigest } from '@fairlead/core/bundle';
import {
  candidateKey,
  decideEntry,
  keyOfRelease,
  offersFrom,
  whyBusy,
  type EntryDecision,
  type EntryInput,
  type Obstacle,
  type Offer,
  type Offered,
  type ReleaseRef,
} from '@fairlead/core/releases';
import { asFairleadError, isVerificationGate, type Reason } from '@fairlead/core/model';
import { judgeGate, looksBack, recordGates, type GatesRecord } from '@fairlead/core/rollout';
import type { Change } from '@fairlead/ports/store';
import { asks, questionsOf, wantsOf, type VerificationWant } from './asks.ts';
import {
  authorsOf,
  beforeOf,
  dependenciesOf,
  evidenceFor,
  gatesOf,
  hasNamed,
  judge,
  keptKey,
  keptValue,
  type Before,
  type Entry,
} from './evidence.ts';
import { releaseOf, type UnitView } from './observe.ts';
import { answersOf, type Question } from './checks/runner.ts';
import type { Author } from './ports.ts';
import type { Round } from './round.ts';
import { afterOf, asksPeople, entryOf, successorsOf, unitOf } from './units.ts';
import { verifiedIn } from './verifications/look.ts';
import { occupiedBy } from './verifications/occupancy.ts';

/** What may enter a unit, why, and what is kept for the next time. */
export interface EntryOutcome {
  readonly decision: EntryDecision;
  /** What it rests on, but for renders. */
  readonly input: EntryInput;
  /** What the gates went by for the candidate that the decision is about, as far as it is kept. */
  readonly judged?: GatesRecord;
  readonly at: Entry;
  /** Everything that may be looked at, newest first. */
  readonly offers: readonly Offer[];
  /** The environments that brought it; empty for the head of the sources. */
  readonly from: readonly string[];
  readonly keep: readonly Change[];
  /** What is to be asked outside, since nothing else stands in the way of a candidate. */
  readonly questions: readonly Question[];
  /** What is to be verified in the environments before, for the same reason. */
  readonly wants: readonly VerificationWant[];
}

/** Who wrote what an offer brings, where that was asked of the sources themselves. */
interface Written {
  readonly authors?: readonly Author[];
}

/** After this many releases in a row that no successor ever took, a soak counts as starved. */
const starvedAfter = 3;

/** Decides which release may enter the unit now. Undefined where no pipeline leads to it. */
export async function decideUnitEntry(round: Round, view: UnitView): Promise<EntryOutcome | undefined> {
  const entry = entryOf(round.snapshot, view.unit);
  if (entry === undefined) return undefined;
  const at: Entry = { unit: view.unit, entry };
  const before = await beforeOf(round, at);
  const { quorum, names: from } = afterOf(entry);
  const head = from.length === 0 ? await headOffer(round, view) : undefined;
  const offered = head === undefined ? offersFrom(before, quorum) : 'release' in head ? [head] : [];
  const gates = gatesOf(round, at);
  const dependencies = await dependenciesOf(round, { at, gates });
  const answers = gates.some(asks) ? await answersOf(round.ports.store, view.unit.key) : {};
  const verified = gates.some(isVerificationGate)
    ? await verifiedIn(
        round,
        from.map((name) => unitOf(at.unit.application, name)),
      )
    : [];
  const records = new Map<ReleaseRef, GatesRecord>();
  const offers = offered.map(({ release, authors = authorsOf(round, at, release) }: Offered & Written): Offer => {
    const evidence = evidenceFor(round, { at, before, release, authors, dependencies, answers, verified, gates });
    const verdicts = gates.map((gate) => judgeGate(gate, evidence));
    const record = recordGates(keyOfRelease(release), { gates, evidence, verdicts });
    if (record !== undefined) records.set(release, record);
    return { release, gates: verdicts, ...(authors === undefined ? {} : { authors }) };
  });
  const input: EntryInput = {
    offers: starve(offers, before, view),
    none: head !== undefined && 'reason' in head ? head : nothingOffered(from),
    ...(view.file === undefined ? {} : { current: releaseOf(view.file) }),
    named: new Set((round.snapshot.named.get(view.unit.key) ?? []).map(candidateKey)),
    rejected: view.file?.spec.rejected ?? [],
    ...(view.file?.spec.hold === undefined ? {} : { hold: view.file.spec.hold }),
    ...optionalBlock(whyBlocked(round, view)),
    enter: entry.enter ?? (from.length === 0 ? 'AtOnce' : 'WhenFree'),
    ...optionalBusy(await occupancyOf(round, view)),
    ...(asksPeople(round.snapshot, view.unit) ? { byMerge: true } : {}),
  };
  const keep = keepSoaks(round, { at, before });
  const decision = await withBundles(round, view, decideEntry(input));
  const asking = { at, gates, ...input };
  const questions = decision.about === undefined ? [] : questionsOf(round, asking);
  const wants = decision.about === undefined ? [] : wantsOf(asking);
  const judged = decision.about && records.get(decision.about.release);
  return { decision, input, ...(judged && { judged }), at, offers, from, keep, questions, wants };
}

function optionalBlock(blocked: Obstacle | undefined): { blocked?: Obstacle } {
  return blocked === undefined ? {} : { blocked };
}

function optionalBusy(busy: Obstacle | undefined): { busy?: Obstacle } {
  return busy === undefined ? {} : { busy };
}

function nothingOffered(from: readonly string[]): Obstacle {
  if (from.length === 0) return { reason: 'NoCandidate', message: 'The sources have given no release yet.' };
  return { reason: 'WaitsForPredecessor', message: `${from.join(' and ')} offer no release now.` };
}

/** The release that the head of sources and definition make. */
async function headOffer(round: Round, { unit }: UnitView): Promise<(Offered & Written) | Obstacle> {
  const { documents, definitions } = round.snapshot;
  const application = documents.applications.get(unit.application);
  const defined = definitions.get(unit.application);
  if (application === undefined || defined === undefined) return nothingOffered([]);
  try {
    const { version, sources, renderer, authors } = await round.ports.releases.resolve(application);
    const digests = Object.fromEntries(Object.entries(sources).map(([name, { digest }]) => [name, digest]));
    const digest = releaseDigest({ content: definitionContent(application), sources: digests, renderer });
    const definition = { repository: round.options.repositoryUrl, commit: defined.since };
    const release = { version, digest, definition, sources, renderer };
    return { release, order: 0, authors: eachOnce([...authors, defined.by]) };
  } catch (thrown) {
    const { reason, message } = asFairleadError(thrown, { reason: 'SourceUnavailable' });
    return { reason, message };
  }
}

/** How much of a release's authors a ledger file keeps. */
const most = { authors: 20, characters: 200 };

function eachOnce(authors: readonly Author[]): Author[] {
  const cut = (text: string): string => text.slice(0, most.characters);
  const once = new Map(authors.map(({ name, email }) => [`${name} ${email}`, { name: cut(name), email: cut(email) }]));
  return [...once.values()].slice(0, most.authors);
}

/** What is wrong with the unit itself, so that nothing may be promoted into it. */
function whyBlocked({ snapshot }: Round, { unit, placed, closed }: UnitView): Obstacle | undefined {
  const { documents, ledger } = snapshot;
  const held = documents.held.get(unit.application)?.[0];
  if (held !== undefined) return { reason: held.reason, message: held.message };
  if (ledger.brokenReleases.has(unit.key)) {
    return { reason: 'InvalidDocument', message: `The ledger file of ${unit.key} cannot be read; correct it.` };
  }
  const environment = documents.environments.get(unit.environment);
  if (environment === undefined) {
    return { reason: 'UnknownReference', message: `There is no environment ${unit.environment}; define it.` };
  }
  if (placed.length > 0) return closed;
  return {
    reason: 'SelectorMatchesNothing',
    message: `No cluster is selected for ${unit.key}; the release waits for one.`,
  };
}

/** Why the release that is here must stay for now; undefined when the environment is free. */
async function occupancyOf(round: Round, view: UnitView): Promise<Obstacle | undefined> {
  const { file, plan, unit } = view;
  if (file === undefined || plan === undefined) return undefined;
  const release = releaseOf(file);
  const successors = successorsOf(round.snapshot, unit).filter((at) => !hasNamed(round, at, release));
  const soaks = successors.map((at) => {
    const current = { release, order: 0 };
    const alone: Entry = { unit: at.unit, entry: { ...at.entry, after: { any: [unit.environment] } } };
    const before: Before[] = [{ view, environment: unit.environment, current }];
    const gates = gatesOf(round, at).filter(looksBack);
    return { environment: at.unit.environment, gates: judge(round, { at: alone, before, release, gates }) };
  });
  const verifications = await occupiedBy(round, { unit, release, successors });
  return whyBusy({
    empty: view.placed.length === 0,
    // What a release was made of does not come back by waiting.
    failed: plan.state === 'Halted' || plan.failing || plan.reason === 'RevisionGone',
    rolloutOver: plan.state === 'Over',
    asked: [...soaks, ...verifications],
  });
}

/** What ended its soak in a predecessor is kept, so that a newer release there does not take it away. */
function keepSoaks(round: Round, { at, before }: { at: Entry; before: readonly Before[] }): Change[] {
  const gates = gatesOf(round, at).filter(looksBack);
  return before.flatMap((one): Change[] => {
    const { current, kept, environment } = one;
    if (current === undefined || (kept && keyOfRelease(kept.release) === keyOfRelease(current.release))) return [];
    const fresh: Before = { view: one.view, environment, current };
    const alone: Entry = { ...at, entry: { ...at.entry, after: { any: [environment] } } };
    const verdicts = judge(round, { at: alone, before: [fresh], release: current.release, gates });
    if (verdicts.some(({ verdict }) => verdict !== 'Passed')) return [];
    return [{ put: 'fact', key: keptKey(at, environment), value: keptValue(round, at, current) }];
  });
}

/** Says SoakStarved where releases follow each other faster than the soak takes. */
function starve(offers: readonly Offer[], before: readonly Before[], view: UnitView): readonly Offer[] {
  const taken = new Set(view.attempts.map(({ key }) => key));
  const starved = before.some(({ view: { attempts } }) => {
    const last = attempts.findIndex(({ key }) => taken.has(key));
    return (last < 0 ? attempts.length : last) > starvedAfter;
  });
  if (!starved) return offers;
  const reason: Reason = 'SoakStarved';
  const cut: ReadonlySet<Reason> = new Set<Reason>(['WaitsForGate', 'WaitsForVerification']);
  return offers.map((offer) => ({
    ...offer,
    gates: offer.gates.map((gate) => (cut.has(gate.reason) ? { ...gate, reason } : gate)),
  }));
}

/** A release enters only when it renders for every cluster: the last good state stays otherwise. */
async function withBundles(round: Round, { unit, placed }: UnitView, decision: EntryDecision): Promise<EntryDecision> {
  const { enter } = decision;
  if (enter === undefined) return decision;
  const goals = await round.goals.of({ snapshot: round.snapshot, unit, release: enter.release, clusters: placed });
  for (const [cluster, goal] of goals) {
    if (goal.kind !== 'Unknown') continue;
    const { reason, message } = goal.trouble;
    return {
      reason,
      message: `${enter.release.version} does not render for ${cluster}: ${message}`,
      about: enter,
      recheckAfterMs: 30_000,
    };
  }
  return decision;
}
