import { afterAll, beforeAll, describe } from 'vitest';
import type { ClusterApi, Identity } from '@fairlead/ports/cluster';
import { applyContract } from './apply.ts';
import { immutableContract } from './immutable.ts';
import { readContract } from './read.ts';
import { watchContract } from './watch.ts';
import { writeContract } from './write.ts';

/** One API server under test. */
export interface ClusterFixture {
  readonly api: ClusterApi;
  /** A service account that has no rights at all. */
  readonly powerless: Extract<Identity, { as: 'serviceAccount' }>;
  close(): Promise<void> | void;
}

/** The fixture, once it is there. */
export interface Bench {
  readonly api: ClusterApi;
  readonly powerless: Identity;
}

/** What every implementation of `ClusterApi` keeps. `makeFixture` is called once; the tests use names of their own in `default`. */
export function clusterApiContract(name: string, makeFixture: () => Promise<ClusterFixture>): void {
  describe(`ClusterApi: ${name}`, () => {
    let fixture: ClusterFixture | undefined;
    beforeAll(async () => {
      fixture = await makeFixture();
    });
    afterAll(async () => {
      await fixture?.close();
    });
    const bench = (): Bench => {
      if (!fixture) throw new Error('the fixture is not ready');
      return fixture;
    };
    readContract(bench);
    applyContract(bench);
    immutableContract(bench);
    writeContract(bench);
    watchContract(bench);
  });
}
