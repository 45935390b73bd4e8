import { decisionKey, recordsPrefix, standingsKey, type Decided, type Standing } from '@fairlead/core/rollout';
import type { JsonObject } from '@fairlead/core/model';
import type { ReadPorts } from './ports.ts';

/** A decision as it was recorded; what it rested on is in the words of the version that decided. */
export interface KeptRecord {
  readonly kind: 'Rollout' | 'Gates' | 'Entry';
  readonly unit: string;
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly input: Record<string, unknown>;
  readonly decided: Record<string, unknown>;
}

/** The planner's last word on ENVIRONMENT/TEAM/APPLICATION; undefined before there is one. */
export async function decidedOf({ store }: ReadPorts, unit: string): Promise<Decided | undefined> {
  return (await store.fact(decisionKey(unit))) as unknown as Decided | undefined;
}

/** The newest decisions about ENVIRONMENT/TEAM/APPLICATION with everything that they rested on, newest first. */
export async function recordsOf({ store }: Pick<ReadPorts, 'store'>, unit: string): Promise<KeptRecord[]> {
  const facts = await store.facts(recordsPrefix(unit));
  const records = [...facts.values()] as unknown as KeptRecord[];
  return records.sort((a, b) => b.number - a.number);
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
