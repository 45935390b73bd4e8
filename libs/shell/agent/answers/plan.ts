import { fitting } from '@fairlead/core/answers';
import { canonicalJson, sha256 } from '@fairlead/core/bundle';
import { compileRules } from '@fairlead/core/health';
import {
  FairleadError,
  keyText,
  mostAnswerBytes,
  parseJson,
  type ApplicationId,
  type BundleIndex,
  type CommitSha,
  type DesiredEntry,
  type Digest,
  type ObjectChange,
  type ObjectDeparture,
  type ObjectKey,
  type PlanAnswer,
} from '@fairlead/core/model';
import type { FetchTexts } from '../hub/fetch.ts';
import { forEachLimited } from '../limited.ts';
import type { Assignment, Ground } from '../loop/ground.ts';
import { resolve, type ResolvedObject } from '../loop/resolve.ts';
import { changeOf } from './change.ts';
import { departuresOf } from './departures.ts';
import type { Desk } from './desk.ts';
import { overlaid, type Texts } from './texts.ts';

/** A bundle to try. */
export interface PlanWork {
  readonly application: ApplicationId;
  readonly bundle: Digest;
  /** Gets what the agent does not have. */
  readonly fetch: FetchTexts;
  /** Only this object, shown whole. Throws NotFound where the bundle has none of the name. */
  readonly only?: ObjectKey;
}

/** Bounds of one plan. Texts are fetched, and dropped again, so many at a time. */
const bounds = { objects: 10_000, atATime: 100, withinMs: 90_000 };

/**
 * What a bundle would change here, by a dry run of every object as the application's account; nothing is written. The digest is
 * over all that would change, whatever of it is shown. Throws what keeps the bundle from being read.
 */
export async function answerPlan(desk: Desk, work: PlanWork): Promise<PlanAnswer> {
  const texts: Texts = { own: desk.ground.state, fetched: new Map() };
  const ground = overlaid(desk.ground, texts);
  // What is to be tried.
  const { assignment, resolved } = await prepare(ground, { work, texts });
  const tried = resolved.slice(0, bounds.objects);
  const known = new Map((desk.crew.loop(work.application)?.items() ?? []).map((item) => [item.text, item]));
  // Tried, some at a time.
  const untilMs = ground.clock.now() + bounds.withinMs;
  const changes = new Map<string, ObjectChange>();
  for (let from = 0; from < tried.length && ground.clock.now() <= untilMs; from += bounds.atATime) {
    const some = tried.slice(from, from + bounds.atATime);
    await fetchMissing(texts, { digests: some.map(({ object }) => object.digest), fetch: work.fetch });
    await forEachLimited(some, ground.pace.limit, async (one) => {
      if (ground.clock.now() > untilMs) return;
      const by = { assignment, bundle: resolved, known, whole: work.only !== undefined };
      changes.set(one.text, await changeOf({ ...desk, ground }, { ...by, resolved: one }));
    });
    texts.fetched.clear();
  }
  // What leaves.
  const keys = new Set(resolved.map(({ text }) => text));
  const leaves = work.only ? [] : await departuresOf({ ...desk, ground }, { assignment, keys });
  const untried = resolved.length - changes.size;
  const bound = `a plan tries ${bounds.objects} in ${bounds.withinMs / 1000} s`;
  const notes = untried > 0 ? [`${untried} of ${resolved.length} objects were not tried: ${bound}.`] : [];
  return summary({ work, changes: [...changes.values()], leaves, notes });
}

async function prepare(
  ground: Ground,
  { work, texts }: { work: PlanWork; texts: Texts },
): Promise<{ assignment: Assignment; resolved: readonly ResolvedObject[] }> {
  const { application, bundle, only } = work;
  await fetchMissing(texts, { digests: [bundle], fetch: work.fetch });
  const index = parseJson(await ground.state.text(bundle)) as BundleIndex;
  if (index.application !== application)
    throw new FairleadError(
      `Cannot plan ${application}: the bundle ${bundle} is one of ${index.application}; name a release of the application`,
      { code: 'InvalidInput', reason: 'InvalidArgument', subject: { application } },
    );
  const entry = entryFor(ground, { application, bundle });
  const definitions = index.objects.filter(({ key }) => key.kind === 'CustomResourceDefinition');
  await fetchMissing(texts, { digests: definitions.map(({ digest }) => digest), fetch: work.fetch });
  const resolved = await resolve(ground, { index, application, team: entry.team });
  const assignment = { entry, index, rules: compileRules(index.health) };
  if (only === undefined) return { assignment, resolved };
  const one = resolved.find(({ text }) => text === keyText(only));
  if (one === undefined)
    throw new FairleadError(
      `Cannot compare ${keyText(only)}: the bundle of ${application} has no such object. See \`fairlead apps tree\` for its objects.`,
      { code: 'NotFound', reason: 'NotFound', subject: { object: keyText(only), application } },
    );
  return { assignment, resolved: [one] };
}

/** The hub's signed word on the application here; without one its team is bounded by the owner's policy and its account alone. */
function entryFor(ground: Ground, { application, bundle }: Pick<PlanWork, 'application' | 'bundle'>): DesiredEntry {
  const known = ground.state.accepted?.entries.find((entry) => entry.application === application);
  const team = known?.team ?? { namespaces: [], allowKinds: [], denyKinds: [] };
  const fresh = { environment: '', release: bundle, version: '', attempt: '' as CommitSha, acknowledged: {} };
  return { ...fresh, ...known, application, bundle, team };
}

async function fetchMissing(
  { own, fetched }: Texts,
  { digests, fetch }: { digests: readonly Digest[]; fetch: FetchTexts },
): Promise<void> {
  const lacking = [...new Set(digests)].filter((digest) => !own.has(digest) && !fetched.has(digest));
  if (lacking.length === 0) return;
  for (const [digest, text] of await fetch(lacking)) fetched.set(digest, text);
}

function summary(found: {
  readonly work: PlanWork;
  readonly changes: readonly ObjectChange[];
  readonly leaves: readonly ObjectDeparture[];
  readonly notes: readonly string[];
}): PlanAnswer {
  const { work, leaves } = found;
  const sorted = found.changes.toSorted((a, b) => (a.object < b.object ? -1 : 1));
  const told = sorted.filter(({ action }) => action !== 'Unchanged' || work.only !== undefined);
  const count = (action: ObjectChange['action']): number => sorted.filter((change) => change.action === action).length;
  const room = mostAnswerBytes - 16_384;
  const objects = fitting(told, room);
  const shownLeaves = fitting(leaves, objects.length === told.length ? room / 4 : 0);
  const left = told.length - objects.length + leaves.length - shownLeaves.length;
  return {
    application: work.application,
    bundle: work.bundle,
    digest: sha256(canonicalJson({ objects: told, leaves, incomplete: found.notes.length > 0 })),
    counts: {
      create: count('Create'),
      change: count('Change'),
      unchanged: count('Unchanged'),
      refused: count('Refused'),
      leave: leaves.length,
    },
    objects: [...objects],
    leaves: [...shownLeaves],
    notes: [...found.notes, ...(left > 0 ? [`${left} more would make the answer too long.`] : [])],
  };
}
