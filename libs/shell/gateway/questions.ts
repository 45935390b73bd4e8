import { randomUUID } from 'node:crypto';
import {
  capabilities,
  errorOf,
  FairleadError,
  parseKey,
  parseProblem,
  type AgentMessage,
  type Asking,
  type ClusterName,
  type Digest,
  type HubMessage,
  type MessageOf,
  type Question,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

type Result = MessageOf<AgentMessage, 'PlanResult' | 'QueryResult'>;

/** An agent answers so many at a time; more would only be refused by it. */
const mostAtATime = 4;
/** Nobody waits for longer, whatever is asked for. */
const mostMs = 180_000;

interface Asked {
  readonly question: Question;
  readonly type: Result['type'];
  readonly done: PromiseWithResolvers<string>;
}

/** What one agent is asked, and what it answers. Nothing of it is kept, and nothing is taken that was not asked for. */
export class Questions {
  readonly #cluster: ClusterName;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #send: (message: HubMessage) => Promise<void>;
  readonly #asked = new Map<string, Asked>();
  #agent: { readonly version: string; readonly capabilities: ReadonlySet<string> } | undefined;
  #isOver = false;

  constructor(parts: {
    readonly cluster: ClusterName;
    readonly clock: Pick<Clock, 'after'>;
    readonly send: (message: HubMessage) => Promise<void>;
  }) {
    this.#cluster = parts.cluster;
    this.#clock = parts.clock;
    this.#send = parts.send;
  }

  /** Takes from a Hello what the agent can be asked. */
  begin({ agentVersion, capabilities: named }: MessageOf<AgentMessage, 'Hello'>): void {
    this.#agent = { version: agentVersion, capabilities: new Set(named) };
  }

  /** Bundles of plans that are being made: the agent may ask for what they name. */
  bundles(): readonly Digest[] {
    return [...this.#asked.values()].flatMap(({ question: { bundle } }) => bundle ?? []);
  }

  /** Asks the agent; resolves to its JSON. Throws `FairleadError`: AgentTooOld, RateLimited, ClusterSilent, what the agent says. */
  async ask(question: Question): Promise<string> {
    this.#assertCan(question.asking);
    if (this.#asked.size >= mostAtATime) throw tooMany(this.#cluster, this.#asked.size);
    const id = randomUUID();
    const { message, type } = messageOf(id, question);
    const asked: Asked = { question, type, done: Promise.withResolvers<string>() };
    this.#asked.set(id, asked);
    const withinMs = Math.min(mostMs, question.withinMs);
    const cancel = this.#clock.after(withinMs, () => asked.done.reject(late(this.#cluster, withinMs)));
    try {
      // An agent that does not read is waited for no longer than one that does not answer.
      return await Promise.race([asked.done.promise, this.#send(message).then(() => asked.done.promise)]);
    } finally {
      cancel();
      this.#asked.delete(id);
    }
  }

  /** Takes an answer; one that nobody waits for is dropped. */
  answered({ id, type, resultJson, error }: Result): void {
    const asked = this.#asked.get(id);
    if (asked?.type !== type) return;
    if (error === undefined) return asked.done.resolve(resultJson);
    asked.done.reject(errorOf(parseProblem(resultJson, error)));
  }

  /** The stream is over. */
  end(): void {
    this.#isOver = true;
    for (const { done } of this.#asked.values()) done.reject(gone(this.#cluster));
  }

  #assertCan(asking: Asking): void {
    if (this.#isOver || this.#agent === undefined) throw gone(this.#cluster);
    const { version, capabilities: named } = this.#agent;
    if (named.has(capabilities[asking])) return;
    throw new FairleadError(
      `Cannot ask ${this.#cluster}: its agent is version ${version || '(unknown)'}, which does not answer a ${asking}. Upgrade the agent.`,
      { code: 'FailedPrecondition', reason: 'AgentTooOld', subject: { cluster: this.#cluster } },
    );
  }
}

function messageOf(id: string, question: Question): { message: HubMessage; type: Result['type'] } {
  const { asking, application, object, bundle } = question;
  if (asking === 'Plan') {
    if (bundle === undefined) throw unclear('a plan names no bundle');
    return { message: { type: 'PlanRequest', id, application, bundle }, type: 'PlanResult' };
  }
  const key = object === undefined ? undefined : parseKey(object);
  if (object !== undefined && key === undefined) throw unclear(`${object} is no GROUP/KIND/NAMESPACE/NAME`);
  return {
    message: { type: 'Query', id, kind: asking, application, ...(key && { key }) },
    type: 'QueryResult',
  };
}

function unclear(why: string): FairleadError {
  return new FairleadError(`Cannot ask: ${why}`, { code: 'InvalidInput', reason: 'InvalidArgument' });
}

function tooMany(cluster: ClusterName, count: number): FairleadError {
  return new FairleadError(`Cannot ask ${cluster}: it is answering ${count} questions already. Ask again later.`, {
    code: 'ResourceExhausted',
    reason: 'RateLimited',
    subject: { cluster },
    retry: { afterMs: 2_000 },
  });
}

function late(cluster: ClusterName, withinMs: number): FairleadError {
  return new FairleadError(
    `Cannot ask ${cluster}: its agent has not answered within ${Math.round(withinMs / 1000)} s. It answers behind all other work; ask again.`,
    { code: 'DeadlineExceeded', reason: 'ClusterSilent', subject: { cluster } },
  );
}

function gone(cluster: ClusterName): FairleadError {
  return new FairleadError(`Cannot ask ${cluster}: its stream ended. It connects again by itself; ask again.`, {
    code: 'Unavailable',
    reason: 'ClusterSilent',
    subject: { cluster },
    retry: 'backoff',
  });
}
