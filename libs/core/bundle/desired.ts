import {
  FairleadError,
  isDigest,
  isName,
  type ApplicationStatus,
  type DesiredHead,
  type DesiredState,
  type Digest,
} from '@fairlead/core/model';
import { byCodePoint, canonicalJson } from './canonical/json.ts';
import { valueDigest } from './digest.ts';

function sorted<Item extends { readonly application: string }>(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => byCodePoint(a.application, b.application));
}

/** The root that a head signs: it covers every entry and tombstone, whole. */
export function desiredRoot({ entries, tombstones }: DesiredState): Digest {
  return valueDigest({ entries: sorted(entries), tombstones: sorted(tombstones) });
}

/** The exact bytes that the planner signs. */
export function headBytes(head: DesiredHead): Uint8Array {
  return new TextEncoder().encode(headText(head));
}

function headText({ cluster, position, root }: DesiredHead): string {
  const { epoch, generation } = position;
  return canonicalJson({ cluster, position: { epoch, generation }, root });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * Reads what {@link headBytes} wrote, after its signature was checked. Throws `FairleadError` (SignatureInvalid) for
 * anything else: bytes that were signed and are no head were not signed for this.
 */
export function parseHead(bytes: Uint8Array): DesiredHead {
  const text = new TextDecoder().decode(bytes);
  try {
    const { cluster, position, root } = JSON.parse(text) as DesiredHead;
    const head: DesiredHead = { cluster, position: { epoch: position.epoch, generation: position.generation }, root };
    const fits = isName(cluster) && isCount(position.epoch) && isCount(position.generation) && isDigest(root);
    if (fits && headText(head) === text) return head;
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError) && !(thrown instanceof TypeError)) throw thrown;
  }
  throw new FairleadError(
    `Cannot accept a desired state: its head of ${bytes.length} bytes names no cluster, position and root. Check that agent and hub are of versions that fit.`,
    {
      code: 'InvalidInput',
      reason: 'SignatureInvalid',
    },
  );
}

/** Digest of a cluster's whole status. How long it has been healthy is not in it: it grows by itself. */
export function statusDigest(statuses: readonly ApplicationStatus[]): Digest {
  return valueDigest(sorted(statuses).map((status) => ({ ...status, healthyForMs: undefined })));
}
