import { asFairleadError, fillUrl, type JsonObject } from '@fairlead/core/model';
import { keyOfRelease, type ReleaseRef } from '@fairlead/core/releases';
import { askingPatience, questionKey, type Answer, type AskingGate } from '@fairlead/core/rollout';
import type { CheckRequest, Checks } from '@fairlead/ports/checks';
import type { Clock } from '@fairlead/ports/clock';
import type { Forge } from '@fairlead/ports/forge';
import type { Store } from '@fairlead/ports/store';
import type { Unit } from '../units.ts';
import { readReply, readStatus, type Read, type ServerGate } from './read.ts';

/** What a gate wants to know of a candidate. */
export interface Question {
  readonly unit: Unit;
  readonly release: ReleaseRef;
  readonly gate: AskingGate;
  /** Where the commit lies that a gate asks about, for one that asks the forge. */
  readonly repositoryUrl?: string;
}

/** Asks beside the passes, which wait for nobody outside. */
export interface CheckRunner {
  /** Asks what is not being asked already; `answered` is told of each answer once it is kept. */
  ask(questions: readonly Question[]): void;
  /** Keeps no answer any more. */
  close(): void;
}

/** Answers by candidate, then by {@link questionKey}. */
export type KeptAnswers = Readonly<Record<string, Readonly<Record<string, Kept>>>>;

interface Kept extends Answer {
  /** How often in a row it could not be told. */
  readonly failures?: number;
}

/** Servers that are asked at a time; the others wait their turn. */
const atATime = 8;
/** Candidates of one application in one environment whose answers are kept. */
const keptCandidates = 5;

/** Answers that are kept of a unit. */
export async function answersOf(store: Store, unit: string): Promise<KeptAnswers> {
  return ((await store.fact(factKey(unit))) ?? {}) as unknown as KeptAnswers;
}

function factKey(unit: string): string {
  return `answers:${unit}`;
}

/** Who is asked; questions to somebody who is not there stay open. */
interface Asked {
  readonly checks?: Checks | undefined;
  readonly forge?: Forge | undefined;
}

/** Makes a runner. Answers are facts: every role judges by the same ones, and a restart forgets none that is good. */
export function startChecks(
  ports: Asked & { readonly store: Store; readonly clock: Clock },
  told: { readonly answered: (unit: string) => void; readonly onError: (thrown: unknown) => void },
): CheckRunner {
  const waiting = new Map<string, Question>();
  const asking = new Set<string>();
  let keeping: Promise<void> = Promise.resolve();
  let closed = false;

  const next = (): void => {
    for (const [key, question] of waiting) {
      if (asking.size >= atATime || closed) return;
      waiting.delete(key);
      asking.add(key);
      void answer(ports, question)
        .then((read) => {
          // One after another, for they share a fact; one that fails holds up none.
          const kept = keeping.then(() => keep(question, read));
          keeping = kept.catch(() => undefined);
          return kept;
        })
        .catch(told.onError)
        .finally(() => {
          asking.delete(key);
          next();
        });
    }
  };
  const keep = async (question: Question, read: Read): Promise<void> => {
    if (closed) return;
    const { unit, release, gate } = question;
    const { [keyOfRelease(release)]: own = {}, ...others } = await answersOf(ports.store, unit.key);
    const kept = keptAnswer(read, { gate, before: own[questionKey(gate)], nowMs: ports.clock.now() });
    const rest = Object.entries(others).slice(1 - keptCandidates);
    const value = { ...Object.fromEntries(rest), [keyOfRelease(release)]: { ...own, [questionKey(gate)]: kept } };
    await ports.store.write([{ put: 'fact', key: factKey(unit.key), value: value as unknown as JsonObject }]);
    told.answered(unit.key);
  };
  return {
    ask(questions) {
      for (const question of questions) {
        const key = `${question.unit.key} ${keyOfRelease(question.release)} ${questionKey(question.gate)}`;
        if (!asking.has(key)) waiting.set(key, question);
      }
      next();
    },
    close() {
      closed = true;
      waiting.clear();
    },
  };
}

/** Never throws: what keeps a question from being answered is an answer, too. */
async function answer({ checks, forge }: Asked, question: Question): Promise<Read> {
  const { gate } = question;
  try {
    if ('commitStatus' in gate) return await answerOfForge(forge, { ...question, gate });
    if (checks === undefined) return { outcome: 'Unknown', message: 'This hub asks no servers.' };
    const request = requestOf(gate, question);
    return readReply(gate, { host: new URL(request.url).host, reply: await checks.ask(request) });
  } catch (thrown) {
    return { outcome: 'Unknown', message: asFairleadError(thrown).message };
  }
}

async function answerOfForge(
  forge: Forge | undefined,
  by: Question & { readonly gate: Extract<AskingGate, { commitStatus: unknown }> },
): Promise<Read> {
  const { release, gate, repositoryUrl } = by;
  const { context, source } = gate.commitStatus;
  const commit = release.sources[source]?.revision;
  if (forge === undefined)
    return { outcome: 'Unknown', message: 'This hub was given no forge to ask: start it with --forge.' };
  if (commit === undefined || repositoryUrl === undefined)
    return { outcome: 'Unknown', message: `The application has no git source \`${source}\`; name one of its own.` };
  const { timeoutMs } = askingPatience(gate);
  return readStatus(context, { commit, status: await forge.status({ repositoryUrl, commit, context, timeoutMs }) });
}

function requestOf(gate: ServerGate, { unit, release }: Pick<Question, 'unit' | 'release'>): CheckRequest {
  const { application, environment } = unit;
  const { timeoutMs } = askingPatience(gate);
  const values = { application, environment, 'release.version': release.version, 'release.digest': release.digest };
  if ('check' in gate) {
    const { http } = gate.check;
    return { url: fillUrl(http.url, values), method: http.method, timeoutMs };
  }
  const { prometheus } = gate.metric;
  const url = new URL(`${fillUrl(prometheus.url, values).replace(/\/+$/, '')}/api/v1/query`);
  url.searchParams.set('query', prometheus.query);
  return { url: url.href, method: 'GET', timeoutMs };
}

function keptAnswer(
  read: Read,
  { gate, before, nowMs }: { gate: AskingGate; before: Kept | undefined; nowMs: number },
): Kept {
  const { retries, retryAfterMs, everyMs } = askingPatience(gate);
  if (read.outcome !== 'Unknown') return { ...read, goodUntilMs: nowMs + everyMs };
  const failures = (before?.failures ?? 0) + 1;
  return { ...read, failures, goodUntilMs: nowMs + (failures <= retries ? retryAfterMs : everyMs) };
}
