import type { BundleIndex, Digest } from '@fairlead/core/model';
import type { AcceptedState, IntakeState } from '@fairlead/shell/agent';
import type { BlobCache } from './blobs.ts';

/** An agent's state in memory: what it accepted, and by that which texts it holds. */
export class MemoryState implements IntakeState {
  accepted: AcceptedState | undefined;
  readonly #blobs: BlobCache;

  constructor(blobs: BlobCache) {
    this.#blobs = blobs;
  }

  has(digest: Digest): boolean {
    return this.accepted?.entries.some(({ bundle }) => this.#blobs.reaches(bundle, digest)) ?? false;
  }

  index(digest: Digest): Promise<BundleIndex> {
    return Promise.resolve(this.#blobs.index(digest));
  }

  accept(next: AcceptedState, texts: ReadonlyMap<Digest, string>): Promise<void> {
    this.#blobs.put(texts);
    this.accepted = next;
    return Promise.resolve();
  }
}
