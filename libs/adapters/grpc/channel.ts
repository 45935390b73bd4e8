import { constants, type ServerHttp2Stream } from 'node:http2';
import { asFairleadError, FairleadError, type HubMessage } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AgentChannel, Caller, ChannelHandler, OnBytes } from '@fairlead/ports/transport';
import { decodeAgentMessage, encodeHubMessage } from '@fairlead/wire';
import { readOneByOne, Writer } from './messages.ts';
import { contentType } from './service.ts';
import { okStatus, toStatus } from './status.ts';

/** How long an agent that does not read may hold up the end of its stream. */
const graceMs = 2_000;

const answer = { ':status': 200, 'content-type': contentType } as const;

/** Ends a stream that was not taken; the agent reads why. */
export function refuse(stream: ServerHttp2Stream, status: Readonly<Record<string, string>>): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ...answer, ...status }, { endStream: true });
}

/** Options of {@link Channel}. */
export interface ChannelOptions {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  readonly onBytes?: OnBytes | undefined;
}

/** The hub's end of one agent's stream. */
export class Channel implements AgentChannel {
  readonly caller: Caller;
  readonly #stream: ServerHttp2Stream;
  readonly #writer: Writer;
  readonly #options: ChannelOptions;
  #handler: ChannelHandler | undefined;
  #cancelExpiry = (): void => undefined;
  #isOver = false;

  constructor(stream: ServerHttp2Stream, options: ChannelOptions) {
    this.#stream = stream;
    this.#options = options;
    this.caller = options.caller;
    this.#writer = new Writer(stream, (cause) => over(this.caller, cause));
    stream.once('close', () => this.#end());
  }

  /** Tells the agent that it was taken, and reads from now on; ends when the certificate does. */
  open(handler: ChannelHandler, notAfterMs: number): void {
    this.#handler = handler;
    if (this.#isOver) return handler.closed();
    const { clock } = this.#options;
    this.#cancelExpiry = clock.after(notAfterMs - clock.now(), () =>
      this.close(`The certificate of ${this.caller.cluster} has ended; renew it and connect again.`),
    );
    this.#stream.respond(answer, { waitForTrailers: true });
    this.#stream.once('end', () => this.#finish(okStatus));
    readOneByOne(this.#stream, {
      // What was read before the end and not yet handled is dropped with the stream.
      handle: async (bytes) => {
        this.#options.onBytes?.('receive', bytes.length);
        if (!this.#isOver) await handler.message(decodeAgentMessage(bytes));
      },
      fail: (thrown) => this.#fail(thrown),
    });
  }

  async send(message: HubMessage): Promise<void> {
    const bytes = encodeHubMessage(message);
    await this.#writer.write(bytes);
    this.#options.onBytes?.('transmit', bytes.length);
  }

  close(reason: string): void {
    this.#fail(new FairleadError(reason, { code: 'Unavailable', reason: 'HubUnreachable' }));
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const error = asFairleadError(thrown);
    if (error.code === 'Internal') this.#options.onError(thrown);
    this.#finish(toStatus(thrown), error);
  }

  /** Sends what is under way and then the status; an agent that does not take it is cut off. */
  #finish(status: Readonly<Record<string, string>>, cause?: FairleadError): void {
    if (this.#isOver) return;
    this.#end(cause);
    const stream = this.#stream;
    if (!stream.headersSent) return refuse(stream, status);
    const stopWaiting = this.#options.clock.after(graceMs, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.once('close', stopWaiting);
    stream.once('wantTrailers', () => stream.sendTrailers(status));
    stream.end();
    // What it still sends is read and dropped, so that its end is seen.
    stream.removeAllListeners('data');
    stream.resume();
  }

  #end(cause?: FairleadError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelExpiry();
    this.#writer.end();
    this.#handler?.closed(cause);
  }
}

function over(caller: Caller, cause?: unknown): FairleadError {
  return new FairleadError(`Cannot send to ${caller.cluster}: its stream is over.`, {
    code: 'Unavailable',
    reason: 'ClusterSilent',
    retry: 'backoff',
    subject: { cluster: caller.cluster },
    cause,
  });
}
