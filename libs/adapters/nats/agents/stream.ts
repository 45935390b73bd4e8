import type { Duplex } from 'node:stream';
import { asFairleadError, FairleadError, type HubMessage } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AgentChannel, Caller, ChannelHandler, OnBytes } from '@fairlead/ports/transport';
import { decodeAgentMessage, encodeHubMessage } from '@fairlead/wire';
import type { Pipe } from './pipe.ts';
import { readRecords, RecordWriter, writeRecord } from './records.ts';

/** A pipe that TLS has secured. */
export interface SecuredPipe {
  readonly pipe: Pipe;
  /** The TLS connection inside of the pipe. */
  readonly socket: Duplex;
  readonly clock: Clock;
  /** Hears what failed that should not, of which the agent is told no more than that. */
  readonly onError: (error: unknown) => void;
  readonly onBytes?: OnBytes | undefined;
}

/** How long the last words may take to go out. */
const graceMs = 2_000;

/** Ends the stream with an error that the agent hears, if it reads on for a moment. */
export function sayLast({ socket, pipe, clock, onError }: SecuredPipe, thrown: unknown): void {
  const { code, reason, message } = asFairleadError(thrown);
  if (code === 'Internal') onError(thrown);
  const said = code === 'Internal' ? 'Something failed that should not. The log of the hub has more.' : message;
  const stop = clock.after(graceMs, () => pipe.lose('The hub ended the stream.'));
  void pipe.over.then(stop);
  writeRecord(socket, { type: 'Ending', code, reason, message: said }).then(
    () => socket.end(),
    () => pipe.destroy(),
  );
}

/** The gateway's end of one agent's stream. */
export class AgentStream implements AgentChannel {
  readonly caller: Caller;
  /** Resolves when nothing more comes or goes for either end's handlers. */
  readonly over: Promise<void>;
  /** Resolves when the last word is said too. */
  readonly gone: Promise<unknown>;
  readonly #parts: SecuredPipe;
  readonly #writer: RecordWriter;
  readonly #ended = Promise.withResolvers<void>();
  #cause: FairleadError | undefined;
  #isOver = false;

  constructor(caller: Caller, parts: SecuredPipe) {
    this.#parts = parts;
    this.#writer = new RecordWriter(parts.socket);
    this.caller = caller;
    this.over = this.#ended.promise;
    this.gone = parts.pipe.over;
    void parts.pipe.over.then(() => this.#end());
  }

  /** Tells the agent that it was taken and reads from now on. */
  open(handler: ChannelHandler): void {
    void this.over.then(() => handler.closed(this.#cause));
    if (this.#isOver) return;
    writeRecord(this.#parts.socket, { type: 'Taken' }).catch(() => this.#end());
    void this.#read(handler);
  }

  async send(message: HubMessage): Promise<void> {
    const bytes = encodeHubMessage(message);
    if (this.#isOver) throw this.#gone();
    await this.#writer.write({ type: 'Message', bytes }).catch((cause: unknown) => {
      throw this.#gone(cause);
    });
    if (this.#isOver) throw this.#gone();
    this.#parts.onBytes?.('transmit', bytes.length);
  }

  close(reason: string): void {
    this.#fail(new FairleadError(reason, { code: 'Unavailable', reason: 'HubUnreachable' }));
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    this.#cause = asFairleadError(thrown);
    this.#end();
    sayLast(this.#parts, thrown);
  }

  async #read(handler: ChannelHandler): Promise<void> {
    try {
      for await (const record of readRecords(this.#parts.socket)) {
        // What was superseded or ended says nothing any more.
        if (this.#isOver) return;
        if (record.type !== 'Message') continue;
        this.#parts.onBytes?.('receive', record.bytes.length);
        await handler.message(decodeAgentMessage(record.bytes));
      }
      this.#parts.pipe.destroy();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#writer.end();
    this.#ended.resolve();
  }

  #gone(cause?: unknown): FairleadError {
    return new FairleadError(`Cannot send to ${this.caller.cluster}: its stream is over.`, {
      code: 'Unavailable',
      reason: 'ClusterSilent',
      retry: 'backoff',
      subject: { cluster: this.caller.cluster },
      cause,
    });
  }
}
