import {
  asFairleadError,
  FairleadError,
  plainError,
  type AgentMessage,
  type HubMessage,
  type MessageOf,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { HubConnection, HubLink } from '@fairlead/ports/transport';
import type { AgentLog } from '../log.ts';
import type { AcceptedState } from '../state/agentState.ts';
import { untilNextStreamMs } from './backoff.ts';
import { createTextFetcher, type FetchTexts, type TextFetcher } from './fetch.ts';
import type { Intake, IntakeLink } from './intake.ts';
import { pause } from './pause.ts';
import type { Reporter } from './reporter.ts';

/** What the agent says of itself. */
export interface AgentFacts {
  readonly agentVersion: string;
  readonly kubernetesVersion: string;
  readonly capabilities: readonly string[];
}

/** Answers of the agent to what the hub asks beside its desired state, as JSON. */
export interface Answers {
  /** `fetch` gets the texts of the bundle that the agent does not have. */
  plan(request: MessageOf<HubMessage, 'PlanRequest'>, fetch: FetchTexts): Promise<string>;
  query(request: MessageOf<HubMessage, 'Query'>): Promise<string>;
}

/** Options of {@link runSession}. */
export interface SessionOptions {
  /** Made anew for each try, so that a renewed certificate is used. */
  readonly link: () => HubLink;
  readonly facts: () => AgentFacts;
  readonly accepted: () => AcceptedState | undefined;
  readonly intake: Intake;
  readonly reporter: Reporter;
  readonly answers: Answers;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  readonly signal: AbortSignal;
  /** Told of every change, for health checks. */
  readonly connected?: (connected: boolean) => void;
}

/** A stream that lived for so long was a good one: the next try follows soon. */
const goodAfterMs = 30_000;
/** Answers to plans and queries under way; more are refused, for they come behind all other work. */
const mostAnswers = 4;

/** Keeps a stream to the hub open until the signal ends it: one try after the other, with full jitter between them. */
export async function runSession(options: SessionOptions): Promise<void> {
  const { clock, log, signal } = options;
  for (let tries = 0; !signal.aborted;) {
    const startedMs = clock.now();
    let failure: FairleadError | undefined;
    try {
      const why = await oneStream(options);
      log.info('hub.disconnected', { why });
    } catch (thrown) {
      failure = asFairleadError(thrown, { code: 'Unavailable', reason: 'HubUnreachable' });
      if (!signal.aborted) log.warn('hub.unreachable', { reason: failure.reason, error: failure.message });
    }
    tries = clock.now() - startedMs >= goodAfterMs ? 1 : tries + 1;
    if (!signal.aborted) await pause(clock, untilNextStreamMs(tries, { failure, random: options.random }), signal);
  }
}

async function oneStream(options: SessionOptions): Promise<string> {
  const stream = new Stream(options);
  const ended = new AbortController();
  const connection = await options
    .link()
    .connect((message) => stream.message(message), AbortSignal.any([options.signal, ended.signal]));
  const stop = (): void => connection.close();
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    await stream.begin(connection);
    return await connection.closed;
  } finally {
    options.signal.removeEventListener('abort', stop);
    stream.end();
    connection.close();
    ended.abort();
  }
}

class Stream {
  readonly #options: SessionOptions;
  readonly #ready = Promise.withResolvers<HubConnection>();
  readonly #texts: TextFetcher;
  #session = 0;
  #answering = 0;
  #cancelHeartbeat: () => void = () => undefined;
  #sentAtMs = 0;
  #over = false;
  #askedForAll = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#texts = createTextFetcher({ clock: options.clock, send: (message) => this.#send(message) });
  }

  async begin(connection: HubConnection): Promise<void> {
    this.#ready.resolve(connection);
    await this.#hello(this.#options.accepted());
  }

  end(): void {
    this.#over = true;
    this.#cancelHeartbeat();
    this.#options.reporter.detach();
    this.#options.intake.interrupt();
    this.#texts.end();
    this.#options.connected?.(false);
  }

  /** Handles one message; nothing here waits for another message. */
  async message(message: HubMessage): Promise<void> {
    const { intake, reporter, answers } = this.#options;
    switch (message.type) {
      case 'Settings':
        return this.#settings(message);
      case 'Desired':
        return intake.desired(message, this.#intakeLink());
      case 'Objects':
        return intake.objects(this.#texts.take(message));
      case 'NeedStatus':
        return reporter.resend();
      case 'PlanRequest':
        return this.#answer(message.id, 'PlanResult', () => answers.plan(message, this.#texts.fetch));
      case 'Query':
        return this.#answer(message.id, 'QueryResult', () => answers.query(message));
    }
  }

  #settings(settings: MessageOf<HubMessage, 'Settings'>): void {
    const { reporter, log, connected } = this.#options;
    this.#session = settings.session;
    reporter.attach((message) => this.#send(message), {
      session: settings.session,
      full: settings.statusDigest !== reporter.digest(),
    });
    this.#cancelHeartbeat();
    if (settings.heartbeatMs > 0) this.#beat(Math.max(1000, settings.heartbeatMs));
    connected?.(true);
    log.info('hub.connected', { session: settings.session });
  }

  /** Speaks only where nothing else was said for so long. */
  #beat(everyMs: number): void {
    const { clock, reporter } = this.#options;
    const waitMs = Math.max(1, this.#sentAtMs + everyMs - clock.now());
    this.#cancelHeartbeat = clock.after(waitMs, () => {
      if (this.#over) return;
      if (clock.now() - this.#sentAtMs >= everyMs) {
        void this.#send({ type: 'Heartbeat', session: this.#session, statusDigest: reporter.digest() }).catch(
          () => undefined,
        );
      }
      this.#beat(everyMs);
    });
  }

  async #hello(from: AcceptedState | undefined): Promise<void> {
    const { facts, reporter } = this.#options;
    await this.#send({
      type: 'Hello',
      ...facts(),
      ...(from === undefined ? {} : { position: from.position, root: from.root, head: from.signed }),
      statusDigest: reporter.digest(),
    });
  }

  #intakeLink(): IntakeLink {
    return {
      send: (message) => this.#send(message),
      askForAll: async (why) => {
        this.#options.log.warn('desired.incomplete', { why });
        // Everything was sent already and led nowhere: asking again at once would go round for ever.
        if (this.#askedForAll) return (await this.#ready.promise).close();
        this.#askedForAll = true;
        await this.#hello(undefined);
      },
      acknowledge: (state, traceparent) =>
        this.#send({
          type: 'Ack',
          session: this.#session,
          position: state.position,
          root: state.root,
          ...(traceparent === undefined ? {} : { traceparent }),
        }),
    };
  }

  async #send(message: AgentMessage): Promise<void> {
    const connection = await this.#ready.promise;
    this.#sentAtMs = this.#options.clock.now();
    await connection.send(message);
  }

  /** Behind all other work: not awaited by the stream, and bounded. */
  #answer(id: string, type: 'PlanResult' | 'QueryResult', work: () => Promise<string>): void {
    const reply = (result: { resultJson: string; error?: string }): Promise<void> =>
      this.#send({ type, id, ...result });
    // The words are for older hubs; a newer one reads the whole error.
    const failed = (thrown: unknown): Promise<void> => {
      const error = plainError(asFairleadError(thrown));
      return reply({ resultJson: JSON.stringify(error), error: error.message });
    };
    if (this.#answering >= mostAnswers) {
      void failed(busy(this.#answering)).catch(() => undefined);
      return;
    }
    this.#answering += 1;
    void work()
      .then((resultJson) => reply({ resultJson }), failed)
      .catch(() => undefined)
      .finally(() => (this.#answering -= 1));
  }
}

function busy(count: number): FairleadError {
  return new FairleadError(`Cannot answer: ${count} questions are being answered already; ask again later`, {
    code: 'ResourceExhausted',
    reason: 'RateLimited',
    retry: 'backoff',
  });
}
