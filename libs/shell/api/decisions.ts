import { decisionKey, standingsKey, type Decided, type Standing } from '@fairlead/core/rollout';
import type { ReadPorts } from './ports.ts';

/** The planner's last word on ENVIRONMENT/TEAM/APPLICATION; undefined before there is one. */
export async function decidedOf({ store }: ReadPorts, unit: string): Promise<Decided | undefined> {
  return (await store.fact(decisionKey(unit))) as unknown as Decided | undefined;
}

/** Where the clusters of ENVIRONMENT/TEAM/APPLICATION stand: those that are not done first, some hundreds at most. */
export async function standingsOf({ store }: ReadPorts, unit: string): Promise<readonly Standing[]> {
  return ((await store.fact(standingsKey(unit)))?.['clusters'] ?? []) as unknown as readonly Standing[];
}
