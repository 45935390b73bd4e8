import type { AgentMessage, Digest, MessageOf } from '@fairlead/core/model';

type Delta = MessageOf<AgentMessage, 'StatusDelta'>;

/** Where a stream's statuses have come to: each message goes on from the one before, or is asked for in full. */
export class StatusSequence {
  #sequence = 0;
  #digest: Digest | undefined;
  #needsFull = false;

  /** Whether what is kept is not the agent's: only all of its statuses count. */
  get needsFull(): boolean {
    return this.#needsFull;
  }

  /** Begins anew at a Hello, from the digest that is kept and the one that the agent has. */
  begin({ kept, claimed }: { readonly kept: Digest | undefined; readonly claimed: Digest }): void {
    this.#sequence = 0;
    this.#digest = kept;
    this.#needsFull = kept !== claimed;
  }

  /** What a message is: one that was taken before, one with a gap before it, or the next to be taken. */
  judge({ sequence, full }: Pick<Delta, 'sequence' | 'full'>): 'Old' | 'Gap' | 'Next' {
    if (sequence <= this.#sequence) return 'Old';
    return full || (sequence === this.#sequence + 1 && !this.#needsFull) ? 'Next' : 'Gap';
  }

  /** The message was written down. */
  taken({ sequence, statusDigest }: Pick<Delta, 'sequence' | 'statusDigest'>): void {
    this.#sequence = sequence;
    this.#digest = statusDigest;
    this.#needsFull = false;
  }

  /** Whether the agent has what was taken last. */
  isAt(digest: Digest): boolean {
    return digest === this.#digest;
  }

  /** From now on only all statuses count. */
  lost(): void {
    this.#needsFull = true;
  }
}
