import type { Digest } from '@fairlead/core/model';
import type { Happening } from './happening.harness.ts';
import type { Behaviour, SimulatedMember } from './simulatedMember.harness.ts';

/** What releases render to for each cluster, and what that does to it. */
export class SimulatedReleases {
  private readonly behaviours = new Map<string, readonly Behaviour[]>();
  private readonly bundles = new Map<string, (index: number) => string>();
  private last: string | undefined;

  /** A release comes; where it changes nothing for a cluster it renders to what the one before it did. */
  add({ release, behaviours, changes }: Happening & { type: 'Promote' }): void {
    const before = this.bundles.get(this.last ?? '');
    this.behaviours.set(release, behaviours);
    this.bundles.set(release, (index) =>
      changes[index % changes.length] === false && before !== undefined ? before(index) : release,
    );
    this.last = release;
  }

  bundleOf(release: string | undefined, { index, variant }: SimulatedMember): Digest {
    return `${this.bundles.get(release ?? '')?.(index)} ${variant}` as Digest;
  }

  /** What a bundle does to a cluster; the lists begin anew at their ends. */
  behaviourOf(bundle: Digest, { index }: SimulatedMember): Behaviour {
    const all = this.behaviours.get(bundle.split(' ')[0] ?? '') ?? [];
    return all[index % all.length] ?? 'Never';
  }
}
