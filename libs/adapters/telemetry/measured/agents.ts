import type { AgentMessage, HubMessage, MessageOf } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AgentChannel, AgentListener, ChannelHandler, OnBytes } from '@fairlead/ports/transport';
import type { AttemptTrace, AttemptTraces } from '../traces/attempts.ts';
import { inTraceOf } from '../traces/carrier.ts';
import type { Deliveries } from '../traces/delivery.ts';
import { instruments } from '../instruments.ts';

/** What following agents' streams needs. */
export interface AgentParts {
  readonly clock: Clock;
  readonly attempts: AttemptTraces;
  readonly deliveries: Deliveries;
  readonly transport: 'grpc' | 'nats';
}

/**
 * The same listener: streams and messages counted, each Desired carrying the trace of the newest attempt in it, and what
 * the agents answer told as part of that trace. An agent's own word never names a trace: only what was sent to it counts.
 */
export function measuredListener(listener: AgentListener, parts: AgentParts): AgentListener {
  return {
    listen: (accept) =>
      listener.listen(async (channel) => {
        const stream = new FollowedStream(parts, channel);
        return stream.handledBy(await accept(stream));
      }),
    close: () => listener.close(),
  };
}

/** Counts the bytes of a listener's messages. */
export function countBytes(transport: AgentParts['transport']): OnBytes {
  const labels = { 'fairlead.transport': transport };
  return (direction, bytes) => instruments().agentBytes.add(bytes, { 'network.io.direction': direction, ...labels });
}

/** What was sent last, and how far the cluster is with it. */
interface Underway {
  readonly attempt: AttemptTrace;
  readonly sentAtMs: number;
  receivedAtMs?: number;
}

class FollowedStream implements AgentChannel {
  readonly caller: AgentChannel['caller'];
  readonly #parts: AgentParts;
  readonly #channel: AgentChannel;
  readonly #labels: { readonly 'fairlead.transport': string };
  #underway: Underway | undefined;

  constructor(parts: AgentParts, channel: AgentChannel) {
    this.#parts = parts;
    this.#channel = channel;
    this.#labels = { 'fairlead.transport': parts.transport };
    this.caller = channel.caller;
  }

  async send(message: HubMessage): Promise<void> {
    const followed = message.type === 'Desired' ? await this.#follow(message) : message;
    await this.#channel.send(followed);
    this.#count('transmit', message.type);
  }

  close(reason: string): void {
    this.#channel.close(reason);
  }

  handledBy(handler: ChannelHandler): ChannelHandler {
    instruments().agentsConnected.add(1, this.#labels);
    return {
      message: (message) => {
        this.#count('receive', message.type);
        const underway = this.#underway;
        this.#arrived(message);
        const ours = message.traceparent !== undefined && message.traceparent === underway?.attempt.traceparent;
        return inTraceOf(ours ? message.traceparent : undefined, () => handler.message(message));
      },
      closed: (cause) => {
        instruments().agentsConnected.add(-1, this.#labels);
        handler.closed(cause);
      },
    };
  }

  async #follow(message: MessageOf<HubMessage, 'Desired'>): Promise<HubMessage> {
    const { attempts, clock, deliveries } = this.#parts;
    const found = attempts.newest(message.entries);
    const attempt = found instanceof Promise ? await found : found;
    if (!attempt || clock.now() - attempt.atMs > followedForMs) return message;
    this.#underway = { attempt, sentAtMs: clock.now() };
    deliveries.sent(attempt);
    return attempt.traceparent === undefined ? message : { ...message, traceparent: attempt.traceparent };
  }

  #arrived(message: AgentMessage): void {
    const underway = this.#underway;
    if (!underway) return;
    const { clock, deliveries } = this.#parts;
    const { attempt, sentAtMs } = underway;
    const { cluster } = this.caller;
    if (message.type === 'Ack' && underway.receivedAtMs === undefined) {
      underway.receivedAtMs = clock.now();
      deliveries.arrived(attempt, { cluster, stage: 'Received', fromMs: sentAtMs, sentAtMs });
    }
    if (message.type !== 'StatusDelta') return;
    const status = message.changed.find((one) => one.attempt === attempt.attempt);
    if (status?.sync !== 'InSync' && status?.sync !== 'Failed') return;
    const stage = status.sync === 'InSync' ? 'Applied' : 'Failed';
    deliveries.arrived(attempt, { cluster, stage, fromMs: underway.receivedAtMs ?? sentAtMs, sentAtMs });
    this.#underway = undefined;
  }

  #count(direction: 'receive' | 'transmit', type: string): void {
    const labels = { 'network.io.direction': direction, 'fairlead.message.type': type, ...this.#labels };
    instruments().agentMessages.add(1, labels);
  }
}

/** For how long an attempt is followed: what comes later is told by the cluster's status. */
const followedForMs = 3_600_000;
