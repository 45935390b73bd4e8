import { createHash } from 'node:crypto';

/**
 * Who of the instances a key belongs to, by rendezvous hashing (Thaler and Ravishankar, 1998): all that see the same
 * instances agree without a word, and when one comes or goes, only its own share moves. Undefined where there are none.
 */
export function ownerOf(key: string, instances: readonly string[]): string | undefined {
  let owner: { readonly instance: string; readonly weight: string } | undefined;
  for (const instance of instances) {
    const weight = createHash('sha256').update(`${instance} ${key}`).digest('hex');
    if (owner === undefined || weight > owner.weight) owner = { instance, weight };
  }
  return owner?.instance;
}
