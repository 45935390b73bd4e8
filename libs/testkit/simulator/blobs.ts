import { parseJson, type BundleIndex, type Digest } from '@fairlead/core/model';

/**
 * Texts by digest, one copy for all agents of a process: ten thousand agents do not hold ten thousand copies. What one
 * agent holds is in its own state, so that each still asks for what *it* lacks.
 */
export class BlobCache {
  readonly #texts = new Map<Digest, string>();
  readonly #indexes = new Map<Digest, { readonly index: BundleIndex; readonly reach: ReadonlySet<Digest> }>();

  put(texts: ReadonlyMap<Digest, string>): void {
    for (const [digest, text] of texts) if (!this.#texts.has(digest)) this.#texts.set(digest, text);
  }

  /** An index that some agent was given. Throws where none was. */
  index(digest: Digest): BundleIndex {
    return this.#known(digest).index;
  }

  /** True if the index names the digest, or is it. */
  reaches(bundle: Digest, digest: Digest): boolean {
    return bundle === digest || this.#known(bundle).reach.has(digest);
  }

  #known(digest: Digest): { readonly index: BundleIndex; readonly reach: ReadonlySet<Digest> } {
    const known = this.#indexes.get(digest);
    if (known) return known;
    const text = this.#texts.get(digest);
    if (text === undefined) throw new Error(`Cannot read the bundle ${digest}: no agent of this process was given it`);
    const index = parseJson(text) as BundleIndex;
    const made = { index, reach: new Set(index.objects.map((object) => object.digest)) };
    this.#indexes.set(digest, made);
    return made;
  }
}
