import { definitionContent, valueDigest } from '@fairlead/core/bundle';
import { parseAcknowledgements, parseWords, releaseKey, type FleetDocuments } from '@fairlead/core/documents';
import { splitApplicationId, type ApplicationId, type ReleaseFile, type Selector } from '@fairlead/core/model';
import type { RepositoryCommit } from '@fairlead/ports/repository';
import type { Defined, NamedRelease, Said, Walked } from './snapshot.ts';

/** What one commit says, as far as it was read. */
export interface Step {
  readonly commit: RepositoryCommit;
  /** Documents in force at the commit; undefined where it changed none. */
  readonly documents?: FleetDocuments;
  /** Release files that it changed, by key; null for a deleted one. Those that cannot be read are left out. */
  readonly releases: ReadonlyMap<string, ReleaseFile | null>;
}

/** What is kept of one commit's words, in characters and lines: whoever may push could write a book. */
const messageLimit = 16_384;
const trailerLimit = 64;
const valueLimit = 1_024;
/** Words that are kept of one application in one environment; they are about candidates, which come and go. */
const saidLimit = 100;

/** Adds one commit to what is known of those before it. Pure; unchanged parts are shared. */
export function fold(before: Walked | undefined, step: Step): Walked {
  const { commit } = step.commit;
  const acknowledged = parseAcknowledgements(step.commit.trailers).map((acknowledgement) => ({
    acknowledgement,
    commit,
  }));
  return {
    head: commit,
    definitions: step.documents
      ? foldDefinitions(before, { documents: step.documents, step })
      : (before?.definitions ?? new Map()),
    selectors: step.documents
      ? foldSelectors(before, { documents: step.documents, step })
      : (before?.selectors ?? new Map()),
    left: step.documents ? foldLeft(before, { documents: step.documents, step }) : (before?.left ?? new Map()),
    named: foldNamed(before, step),
    removed: foldRemoved(before, step),
    acknowledged: [...(before?.acknowledged ?? []), ...acknowledged],
    said: foldSaid(before, step),
  };
}

interface DocumentStep {
  readonly documents: FleetDocuments;
  readonly step: Step;
}

function foldDefinitions(before: Walked | undefined, { documents, step }: DocumentStep): Walked['definitions'] {
  const definitions = new Map<ApplicationId, Defined>();
  const { commit: since, author: by } = step.commit;
  for (const [id, application] of documents.applications) {
    const digest = valueDigest(definitionContent(application));
    const known = before?.definitions.get(id);
    definitions.set(id, known?.digest === digest ? known : { digest, since, by });
  }
  return definitions;
}

/** An environment whose document went keeps its last one: who brings it back with another has changed it. */
function foldSelectors(before: Walked | undefined, { documents, step }: DocumentStep): Walked['selectors'] {
  const selectors = new Map(before?.selectors);
  for (const [name, { spec }] of documents.environments) {
    const text = selectorText(spec.clusters);
    const known = selectors.get(name);
    if (known?.text !== text) selectors.set(name, { text, since: step.commit.commit, changed: known !== undefined });
  }
  return selectors;
}

/** A selector as text, to compare it. */
export function selectorText(selector: Selector): string {
  return JSON.stringify(selector);
}

/** Which pipelines lead where, kept as the keys that once led and do no more. */
function foldLeft(before: Walked | undefined, { documents, step }: DocumentStep): Walked['left'] {
  const leads = pipelineKeys(documents);
  const left = new Map([...(before?.left ?? [])].filter(([key]) => !leads.has(key)));
  for (const key of before?.named.keys() ?? []) {
    if (!leads.has(key) && !left.has(key)) left.set(key, step.commit.commit);
  }
  return left;
}

function pipelineKeys({ applications }: FleetDocuments): Set<string> {
  return new Set(
    [...applications].flatMap(([id, { spec }]) =>
      spec.pipeline.map(({ environment }) => releaseKey({ environment, ...splitApplicationId(id) })),
    ),
  );
}

function foldNamed(before: Walked | undefined, { commit, releases }: Step): Walked['named'] {
  const written = [...releases].filter((pair): pair is [string, ReleaseFile] => pair[1] !== null);
  if (written.length === 0) return before?.named ?? new Map();
  const named = new Map(before?.named);
  for (const [key, { spec }] of written) {
    const entry: NamedRelease = {
      commit: commit.commit,
      timeMs: commit.timeMs,
      author: commit.author.name,
      message: commit.message.slice(0, messageLimit),
      trailers: commit.trailers.slice(0, trailerLimit).map(([key, value]) => [key, value.slice(0, valueLimit)]),
      digest: spec.digest,
      version: spec.version,
      definition: spec.definition.commit,
      revisions: Object.fromEntries(Object.entries(spec.sources).map(([name, { revision }]) => [name, revision])),
      ...(spec.authors === undefined ? {} : { authors: spec.authors.slice(0, trailerLimit) }),
    };
    named.set(key, [entry, ...(named.get(key) ?? [])]);
  }
  return named;
}

function foldRemoved(before: Walked | undefined, { commit, releases }: Step): Walked['removed'] {
  if (releases.size === 0) return before?.removed ?? new Map();
  const removed = new Map(before?.removed);
  for (const [key, file] of releases) {
    if (file === null) removed.set(key, commit.commit);
    else removed.delete(key);
  }
  return removed;
}

function foldSaid(before: Walked | undefined, { commit: { commit, author: by, trailers } }: Step): Walked['said'] {
  const words = parseWords(trailers.slice(0, trailerLimit));
  if (words.length === 0) return before?.said ?? new Map();
  const said = new Map<string, readonly Said[]>(before?.said);
  for (const { kind, unit, candidate } of words) {
    if (candidate.length > valueLimit) continue;
    said.set(unit, [...(said.get(unit) ?? []), { kind, candidate, by, commit }].slice(-saidLimit));
  }
  return said;
}
