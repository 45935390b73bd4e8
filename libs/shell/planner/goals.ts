import type { ReleaseRef } from '@fairlead/core/releases';
import {
  asFairleadError,
  FairleadError,
  type Application,
  type ClusterName,
  type Digest,
  type Team,
} from '@fairlead/core/model';
import { asVerification, renderPlan, verificationDefinition } from '@fairlead/core/placement';
import type { Goal } from '@fairlead/core/rollout';
import type { PlannerPorts, TeamLimits } from './ports.ts';
import type { Pinned } from './pinned.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Unit } from './units.ts';

/** Finds the bundle that a release is for each cluster. */
export interface Goals {
  /** Never throws: what cannot be rendered is a goal of kind Unknown that says why. */
  of(request: GoalRequest): Promise<ReadonlyMap<ClusterName, Goal>>;
  /** The bundle of a verification's folder for one cluster. Never throws. */
  verification(
    request: Omit<GoalRequest, 'clusters'> & { readonly cluster: ClusterName; readonly path: string },
  ): Promise<Goal>;
}

/** A release, and the clusters that it is for. */
export interface GoalRequest {
  readonly snapshot: FleetSnapshot;
  readonly unit: Unit;
  readonly release: ReleaseRef;
  readonly clusters: readonly ClusterName[];
}

interface GoalParts {
  readonly request: Omit<GoalRequest, 'clusters'>;
  readonly definition: Application;
  readonly made?: Application;
  readonly running: Map<string, Promise<Goal>>;
}

/** Goals that were found, by cluster; of one head, for what else they follow from is in it. */
type Found = Map<ClusterName, Goal>;

/** How many bundles are remembered by what they were made from. */
const keptBundles = 50_000;

/** Account of applications whose team has no document of its own. */
const defaultServiceAccount = 'fairlead-applier';

/** What a team may touch; without a document (team `default`) everything, under the applier's account. */
export function limitsOf(name: string, team: Team | undefined, secrets: 'Allow' | 'Refuse'): TeamLimits {
  return {
    name,
    serviceAccount: team?.spec.serviceAccount ?? defaultServiceAccount,
    namespaces: team?.spec.namespaces ?? [],
    allowKinds: team?.spec.kinds.allow ?? [],
    denyKinds: team?.spec.kinds.deny ?? [],
    secrets: team?.spec.secrets ?? secrets,
  };
}

/** The limits of a unit's team as the head has them. */
export function teamOf({ documents }: FleetSnapshot, unit: Unit): TeamLimits {
  return limitsOf(unit.team, documents.teams.get(unit.team), documents.fleet?.spec.secrets ?? 'Allow');
}

/**
 * Why nothing may be rendered for the unit's team: it is not `default`, and its document is gone. Without this its
 * applications would be bounded by nothing, and be applied as `fairlead-applier`.
 */
export function teamGone({ documents }: FleetSnapshot, { team }: Unit): FairleadError | undefined {
  if (team === 'default' || documents.teams.has(team)) return undefined;
  return new FairleadError(
    `Cannot render for the team ${team}: no document defines it. Clusters keep what they run; define the team, or move its applications.`,
    { code: 'FailedPrecondition', reason: 'UnknownReference', subject: { object: `Team/${team}` } },
  );
}

/** What was found of a release at a head; it goes with the head. */
function rememberFound(): (request: GoalRequest) => Found {
  const byHead = new WeakMap<FleetSnapshot, Map<string, Found>>();
  return ({ snapshot, unit, release }) => {
    const releases = byHead.get(snapshot) ?? new Map<string, Found>();
    byHead.set(snapshot, releases);
    const key = `${unit.key} ${release.digest} ${release.definition.commit}`;
    const found = releases.get(key) ?? new Map<ClusterName, Goal>();
    releases.set(key, found);
    return found;
  };
}

/** Renders through the sources role, each distinct input once. */
export function findGoals(ports: Pick<PlannerPorts, 'releases'>, pinned: Pinned): Goals {
  const known = new Map<string, Digest>();
  const make = makeGoals(ports, known);
  const foundAt = rememberFound();
  return {
    async of(request) {
      if (request.clusters.length === 0) return new Map();
      const found = foundAt(request);
      const clusters = request.clusters.filter((cluster) => !found.has(cluster));
      if (clusters.length === 0) return found;
      try {
        const { definition, running } = await openRender(pinned, request);
        const goals = clusters.map(
          async (cluster) => [cluster, await goalOf(cluster, { request, definition, running })] as const,
        );
        const fresh = await Promise.all(goals);
        // What could not be rendered may be by the next look.
        for (const [cluster, goal] of fresh) if (goal.kind === 'Bundle') found.set(cluster, goal);
        return fresh.every(([, { kind }]) => kind === 'Bundle') ? found : new Map([...found, ...fresh]);
      } catch (thrown) {
        const goal = unknown(thrown);
        return new Map([...found, ...clusters.map((cluster) => [cluster, goal] as const)]);
      }
    },
    async verification({ cluster, path, ...request }) {
      try {
        const { definition, running } = await openRender(pinned, request);
        const own = verificationDefinition(definition, path);
        return await goalOf(cluster, { request, definition: own, made: asVerification(own), running });
      } catch (thrown) {
        return unknown(thrown);
      }
    },
  };

  /** `made`: the definition that the bundle is of, where it is another one than what is rendered. */
  async function goalOf(
    cluster: ClusterName,
    { request, definition, made = definition, running }: GoalParts,
  ): Promise<Goal> {
    try {
      const { snapshot, unit, release } = request;
      const labels = snapshot.placement.labels.get(cluster) ?? {};
      const kubernetesVersion = snapshot.ledger.members.get(cluster)?.spec.kubernetes ?? '';
      const { environment } = unit;
      const { inputs } = renderPlan(definition, { environment, cluster: { name: cluster, labels, kubernetesVersion } });
      const team = teamOf(snapshot, unit);
      const { name } = made.metadata;
      const key = JSON.stringify([name, release.digest, release.definition.commit, inputs, kubernetesVersion, team]);
      const bundle = known.get(key);
      if (bundle !== undefined) return { kind: 'Bundle', bundle };
      const where = snapshot.documents.applications.get(unit.application) ?? definition;
      const render =
        running.get(key) ?? make(key, { definition: made, where, release, inputs, kubernetesVersion, team });
      running.set(key, render);
      return await render;
    } catch (thrown) {
      return unknown(thrown);
    }
  }
}

/** The definition that a release pins. Throws where its team is gone. */
async function openRender(pinned: Pinned, { snapshot, unit, release }: Omit<GoalRequest, 'clusters'>) {
  const gone = teamGone(snapshot, unit);
  if (gone !== undefined) throw gone;
  const at = { application: unit.application, commit: release.definition.commit };
  return { definition: await pinned.definition(snapshot, at), running: new Map<string, Promise<Goal>>() };
}

/** Renders, and remembers what came of it. */
function makeGoals({ releases }: Pick<PlannerPorts, 'releases'>, known: Map<string, Digest>) {
  return async (key: string, request: Parameters<PlannerPorts['releases']['bundleFor']>[0]): Promise<Goal> => {
    try {
      const bundle = await releases.bundleFor(request);
      known.set(key, bundle);
      if (known.size > keptBundles) known.delete(known.keys().next().value ?? '');
      return { kind: 'Bundle', bundle };
    } catch (thrown) {
      return unknown(thrown);
    }
  };
}

function unknown(thrown: unknown): Goal {
  const { reason, message } = asFairleadError(thrown, { reason: 'RenderFailed' });
  return { kind: 'Unknown', trouble: { reason, message } };
}
