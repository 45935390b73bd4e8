import type { AgentMessage, ClusterName, Digest, FairleadError, HubMessage } from '@fairlead/core/model';

/** Who is at the other end, proven by the transport (client certificate, or the NATS user's own subject). */
export interface Caller {
  readonly cluster: ClusterName;
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  readonly key: Digest;
}

/** The hub's end of one agent's stream. */
export interface AgentChannel {
  readonly caller: Caller;
  /** Resolves when the transport can take the next one. Rejects with Unavailable once it is closed. */
  send(message: HubMessage): Promise<void>;
  /** Ends the stream; `reason` reaches the agent as text. */
  close(reason: string): void;
}

/** What the gateway does with a stream. */
export interface ChannelHandler {
  /**
   * Called one at a time, in order; while it has not resolved, nothing more is read from this agent. A rejection ends
   * the stream, with its message as the reason.
   */
  message(message: AgentMessage): Promise<void>;
  /**
   * Called once when the stream is over, whoever ended it. The cause is given where something failed: a message that could
   * not be read, or one that this handler rejected.
   */
  closed(cause?: FairleadError): void;
}

/** Hears how many bytes of messages go over a stream, before the transport's own frames and TLS. */
export type OnBytes = (direction: 'receive' | 'transmit', bytes: number) => void;

/** The hub's side of a transport. */
export interface AgentListener {
  /** Starts to listen. `accept` may refuse a caller by throwing `FairleadError` (NotAMember, KeyMismatch). */
  listen(accept: (channel: AgentChannel) => Promise<ChannelHandler>): Promise<{ readonly address: string }>;
  /** Takes no new streams, ends those that there are, resolves when all are gone. */
  close(): Promise<void>;
}

/** The agent's end of its stream. */
export interface HubConnection {
  /** Resolves when the transport can take the next one. Rejects with Unavailable once it is closed. */
  send(message: AgentMessage): Promise<void>;
  /** Resolves when the stream is over, with the reason that is known. */
  readonly closed: Promise<string>;
  close(): void;
}

/** The agent's side of a transport. One attempt; who calls it decides when to try again. */
export interface HubLink {
  /**
   * Resolves once the hub has taken the stream. Rejects with the hub's own refusal (NotAMember, KeyMismatch), or with
   * Unavailable (HubUnreachable) where none was heard. `handler` is called one at a time, in order; a rejection ends
   * the stream. The signal ends the attempt, and the stream that came of it.
   */
  connect(handler: (message: HubMessage) => Promise<void>, signal: AbortSignal): Promise<HubConnection>;
}
