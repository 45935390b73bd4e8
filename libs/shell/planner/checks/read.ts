import { expressionsOver } from '@fairlead/core/health';
import { asFairleadError } from '@fairlead/core/model';
import type { Answer, AskingGate } from '@fairlead/core/rollout';
import type { CheckReply } from '@fairlead/ports/checks';
import type { CommitStatus } from '@fairlead/ports/forge';

/** What a reply says, before it is known how long that is good. */
export type Read = Pick<Answer, 'outcome' | 'message'>;

/** The most samples of a query's result that are looked at. */
const mostSamples = 100;

/** A gate whose server answers over HTTP. */
export type ServerGate = Exclude<AskingGate, { commitStatus: unknown }>;

/** What the forge's word on a commit says. */
export function readStatus(context: string, { commit, status }: { commit: string; status: CommitStatus }): Read {
  const short = commit.slice(0, 12);
  switch (status) {
    case 'Good':
      return { outcome: 'Yes', message: `${context} is good on ${short}.` };
    case 'Bad':
      return { outcome: 'No', message: `${context} is bad on ${short}.` };
    case 'Pending':
      return { outcome: 'NotYet', message: `${context} is pending on ${short}.` };
    case 'Missing':
      return unknown(`Nobody has said ${context} of ${short}.`);
  }
}

/** What a server's reply says by the gate's expression. Whatever is missing or cannot be evaluated is unknown. */
export function readReply(gate: ServerGate, { host, reply }: { host: string; reply: CheckReply }): Read {
  const seen = 'check' in gate ? ofCheck(reply, host) : ofMetric(reply, host);
  if ('outcome' in seen) return seen;
  const { pass } = 'check' in gate ? gate.check : gate.metric;
  const said = ask(pass, seen.values);
  if (said.error !== undefined) return unknown(`${seen.words}; \`${pass}\` cannot be evaluated: ${said.error}.`);
  return said.value
    ? { outcome: 'Yes', message: `${seen.words}: \`${pass}\` holds.` }
    : { outcome: 'No', message: `${seen.words}: \`${pass}\` does not hold.` };
}

interface Seen {
  readonly values: Readonly<Record<string, unknown>>;
  /** What was seen, for people. */
  readonly words: string;
}

function unknown(message: string): Read {
  return { outcome: 'Unknown', message };
}

function ask(pass: string, values: Seen['values']): { value?: boolean; error?: string } {
  const expressions = expressionsOver(Object.fromEntries(Object.keys(values).map((name) => [name, 'dyn'])));
  try {
    const parsed = expressions.parse(pass, 'pass');
    const read = expressions.read(values);
    return 'seen' in read ? expressions.answer(parsed, read.seen) : read;
  } catch (thrown) {
    return { error: asFairleadError(thrown).message };
  }
}

/** `response.status`, `response.body` and, where the body is JSON, `response.json`. */
function ofCheck({ status, body }: CheckReply, host: string): Seen {
  const json = jsonOf(body);
  return {
    values: { response: { status, body, ...(json === undefined ? {} : { json }) } },
    words: `${host} answered ${status}`,
  };
}

/** `result`, a list of samples with `labels` and `value`, and `value` where there is one sample alone. */
function ofMetric({ status, body }: CheckReply, host: string): Seen | Read {
  const { data } = (jsonOf(body) ?? {}) as { data?: { resultType?: unknown; result?: unknown } };
  const samples = status === 200 ? samplesOf(data) : undefined;
  if (samples === undefined) return unknown(`${host} answered ${status}, and no result of a query.`);
  const [first] = samples;
  if (first === undefined) return unknown('The query gave no data.');
  if (samples.length > mostSamples)
    return unknown(`The query gave ${samples.length} samples; at most ${mostSamples} are looked at.`);
  if (samples.some(({ value }) => !Number.isFinite(value))) return unknown('The query gave a value that is no number.');
  const alone = samples.length === 1;
  const words = alone
    ? `The query gave ${first.value}`
    : `The query gave ${samples.length} samples, the first ${first.value}`;
  return { values: { result: samples, ...(alone ? { value: first.value } : {}) }, words };
}

interface Sample {
  readonly labels: object;
  readonly value: number;
}

/** Samples of an instant query's answer (Prometheus HTTP API, version 1); undefined for anything else. */
function samplesOf(data: { resultType?: unknown; result?: unknown } | undefined): readonly Sample[] | undefined {
  const { resultType, result } = data ?? {};
  if (!Array.isArray(result)) return undefined;
  if (resultType === 'scalar') return [{ labels: {}, value: numberOf(result) }];
  if (resultType !== 'vector') return undefined;
  return result.map((one: unknown) => {
    const { metric, value } = (one ?? {}) as { metric?: unknown; value?: unknown };
    return { labels: typeof metric === 'object' && metric !== null ? metric : {}, value: numberOf(value) };
  });
}

function numberOf(pair: unknown): number {
  const text: unknown = Array.isArray(pair) ? pair[1] : undefined;
  return typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
