import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { asFairleadError, FairleadError, type AgentMessage, type HubMessage } from '@fairlead/core/model';
import type { HubConnection } from '@fairlead/ports/transport';
import { decodeHubMessage, encodeAgentMessage } from '@fairlead/wire';
import { readOneByOne, Writer } from './messages.ts';
import { fromStatus, statusText, unreachable } from './status.ts';

/** The agent's end of its stream, and of the connection that has no other. */
export class HubStream implements HubConnection {
  /** Resolves when the hub took the stream; rejects with its refusal. */
  readonly taken: Promise<void>;
  readonly closed: Promise<string>;
  readonly #call: ClientHttp2Stream;
  readonly #session: ClientHttp2Session;
  readonly #address: string;
  readonly #writer: Writer;
  readonly #answered = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<string>();
  #isOver = false;

  constructor(call: ClientHttp2Stream, { session, address }: { session: ClientHttp2Session; address: string }) {
    this.#call = call;
    this.#session = session;
    this.#address = address;
    this.#writer = new Writer(call, (cause) => this.#over(cause));
    this.taken = this.#answered.promise;
    this.closed = this.#ended.promise;
    // Whoever waits for `taken` hears of it; a stream that was taken and ends later says so by `closed`.
    this.taken.catch(() => undefined);
    call.once('response', (headers) => this.#response(headers));
    call.once('trailers', (headers) => this.#end(statusText(headers) ?? 'The hub ended the stream.'));
    call.on('error', (error) => this.fail(error.message, error));
    call.once('close', () => this.fail('the connection ended'));
    session.on('error', (error) => this.fail(error.message, error));
    session.once('close', () => this.fail('the connection ended'));
  }

  read(handler: (message: HubMessage) => Promise<void>): void {
    readOneByOne(this.#call, {
      handle: async (bytes) => (this.#isOver ? undefined : handler(decodeHubMessage(bytes))),
      fail: (thrown) => this.#end(asFairleadError(thrown).message),
    });
  }

  async send(message: AgentMessage): Promise<void> {
    return this.#writer.write(encodeAgentMessage(message));
  }

  close(): void {
    this.fail('The agent ended the stream.');
  }

  /** Ends it where no word of the hub was heard. */
  fail(why: string, cause?: Error): void {
    this.#answered.reject(unreachable(this.#address, why, cause));
    this.#end(why);
  }

  #response(headers: IncomingHttpHeaders): void {
    if (Number(headers[':status']) === 200 && headers['grpc-status'] === undefined) return this.#answered.resolve();
    this.#answered.reject(fromStatus(headers, this.#address));
    this.#end(statusText(headers) ?? 'The hub refused the stream.');
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#writer.end();
    this.#ended.resolve(reason);
    this.#call.close(constants.NGHTTP2_CANCEL);
    this.#session.destroy();
  }

  #over(cause?: Error | null): FairleadError {
    return new FairleadError(
      `Cannot send to the hub at ${this.#address}: ${cause ? cause.message : 'the stream is over'}.`,
      { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff' },
    );
  }
}
