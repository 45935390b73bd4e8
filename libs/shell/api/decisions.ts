import { decisionKey, standingsKey, type Decided, type Standing } from '@fairlead/core/rollout';
import type { JsonObject } from '@fairlead/core/model';
import type { ReadPorts } from './ports.ts';

/** The planner's last word on ENVIRONMENT/TEAM/APPLICATION; undefined before there is one. */
export async function decidedOf({ store }: ReadPorts, unit: string): Promise<Decided | undefined> {
  return (await store.fact(decisionKey(unit))) as unknown as Decided | undefined;
}

/** Where the clusters of ENVIRONMENT/TEAM/APPLICATION stand: those that are not done first, some hundreds at most. */
export async function standingsOf({ store }: ReadPorts, unit: string): Promise<readonly Standing[]> {
  return standingsIn(await store.fact(standingsKey(unit)));
}

/** Where each cluster of several units stands, by unit; read at once. */
export async function standingsOfAll(
  { store }: ReadPorts,
  units: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Standing>>> {
  if (units.length === 0) return new Map();
  const facts = await store.factsOf(units.map(standingsKey));
  return new Map(
    units.map((unit) => [unit, new Map(standingsIn(facts.get(standingsKey(unit))).map((one) => [one.cluster, one]))]),
  );
}

function standingsIn(fact: JsonObject | undefined): readonly Standing[] {
  return (fact?.['clusters'] ?? []) as unknown as readonly Standing[];
}
