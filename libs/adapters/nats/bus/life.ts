import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type ConsumerMessages,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { dial } from './dial.ts';
import { namesOf, type NatsBusOptions } from './options.ts';
import { goOn, type Place, type Resumption } from './resume.ts';
import { adjustStream, findStream, keptMs } from './stream.ts';

/** One connection with one consumer on it. It ends with the first thing that goes wrong; another begins where it ended. */
export interface Life {
  /** Resolves when the server has written the message down; `id` tells a second try from a second message. */
  publish(
    subject: string,
    bytes: Uint8Array,
    options: { readonly id: string; readonly withinMs: number },
  ): Promise<void>;
  /** Asks whoever serves a subject. Rejects as the client library does. */
  request(subject: string, bytes: Uint8Array, withinMs: number): Promise<Msg>;
  /** Hears the questions of a subject until the life is over, or it is stopped; `failed` hears that the server does not let it. */
  serve(subject: string, by: { hear: (message: Msg) => void; failed: (error: Error) => void }): () => void;
  /** Resolves with the reason when it is over; never rejects. */
  readonly over: Promise<unknown>;
  /** Ends it, unless the reason is a word of JetStream itself, such as of a full disk: another connection would not mend that. */
  doubt(reason: unknown): void;
  /** Sends what waits for a moment at most, and closes the connection. */
  close(): Promise<void>;
}

/** Who lives: where it was, and who hears what comes. */
export interface LifeParts {
  readonly options: NatsBusOptions;
  readonly place: Place | undefined;
  /** Where this life goes on, and by which consumer; called before the first message. */
  readonly began: (resumption: Resumption, consumer: string) => void;
  readonly hear: (message: HeardMessage) => void;
}

/** A message of the stream. */
export interface HeardMessage {
  readonly seq: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

const apiWithinMs = 5_000;
/** The consumer says so often that it is there; two that are missing end the life. */
const heartbeatMs = 5_000;
const messagesAtOnce = 500;

/** Connects, finds or makes the stream, and hears it from the place on. Rejects when any of it fails. */
export async function beginLife(parts: LifeParts): Promise<Life> {
  const { options } = parts;
  const connection = await dial(options);
  const over = Promise.withResolvers<unknown>();
  void connection.closed().then((error) => over.resolve(error ?? new Error('the connection was closed')));
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: apiWithinMs });
    const messages = await follow(manager, { parts, from: await whereToGoOn(manager, parts) });
    void watch(messages, over.resolve);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return lifeOf(connection, over);
}

async function whereToGoOn(manager: JetStreamManager, { options, place }: LifeParts): Promise<Resumption> {
  const found = await findStream(manager, options);
  const { first_seq: firstSeq, last_seq: lastSeq } = found.state;
  if (place !== undefined)
    return goOn(place, { firstSeq, lastSeq, hasConsumer: await takeAway(manager, place, options) });
  // Limits that the server refuses to change are told of; messages flow under the old ones.
  await adjustStream(manager, { found, options }).catch(options.onProblem);
  return goOn(place, { firstSeq, lastSeq, hasConsumer: false });
}

/** Deletes the consumer of the life before; true if there was one. */
async function takeAway(manager: JetStreamManager, { consumer }: Place, options: NatsBusOptions): Promise<boolean> {
  try {
    return await manager.consumers.delete(namesOf(options).stream, consumer);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound) return false;
    throw error;
  }
}

async function follow(
  manager: JetStreamManager,
  { parts, from }: { readonly parts: LifeParts; readonly from: Resumption },
): Promise<ConsumerMessages> {
  const info = await manager.consumers.add(namesOf(parts.options).stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: from.afterSeq + 1,
    inactive_threshold: nanos(keptMs(parts.options)),
    mem_storage: true,
    num_replicas: 1,
  });
  parts.began(from, info.name);
  return manager
    .jetstream()
    .consumers.getConsumerFromInfo(info)
    .consume({
      callback: (message) => parts.hear(heardOf(message)),
      max_messages: messagesAtOnce,
      idle_heartbeat: heartbeatMs,
      abort_on_missing_resource: true,
    });
}

function heardOf({ seq, subject, data }: JsMsg): HeardMessage {
  return { seq, subject, bytes: data };
}

/** Tells when the consumer is over, or says nothing any more. */
async function watch(messages: ConsumerMessages, over: (reason: unknown) => void): Promise<void> {
  void messages.closed().then((error) => over(error ?? new Error('the consumer is gone')));
  for await (const status of messages.status())
    if (status.type === 'heartbeats_missed') over(new Error('the consumer says nothing any more'));
}

function lifeOf(connection: NatsConnection, over: PromiseWithResolvers<unknown>): Life {
  const client = jetstream(connection, { timeout: apiWithinMs });
  return {
    over: over.promise,
    doubt(reason) {
      if (!(reason instanceof JetStreamApiError)) over.resolve(reason);
    },
    async publish(subject, bytes, { id, withinMs }) {
      await client.publish(subject, bytes, { msgID: id, timeout: withinMs });
    },
    request: (subject, bytes, withinMs) => connection.request(subject, bytes, { timeout: withinMs }),
    serve(subject, { hear, failed }) {
      const subscription = connection.subscribe(subject, {
        callback: (error, message) => (error === null ? hear(message) : failed(error)),
      });
      return () => subscription.unsubscribe();
    },
    async close() {
      over.resolve(new Error('the bus was closed'));
      await connection.close();
    },
  };
}
