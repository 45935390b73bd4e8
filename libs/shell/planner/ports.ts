import type { Gap } from '@fairlead/core/connection';
import type { ReleaseRef } from '@fairlead/core/releases';
import type { Application, Digest } from '@fairlead/core/model';
import type { RenderInputs } from '@fairlead/core/placement';
import type { Checks } from '@fairlead/ports/checks';
import type { Bus } from '@fairlead/ports/bus';
import type { Clock } from '@fairlead/ports/clock';
import type { Forge } from '@fairlead/ports/forge';
import type { HeadSigner } from '@fairlead/ports/keys';
import type { Repository } from '@fairlead/ports/repository';
import type { Steps } from '@fairlead/ports/steps';
import type { Change, Store } from '@fairlead/ports/store';
import type { FleetReader } from './reader/read.ts';

/** What a team's applications may do, as renders and agents are told. Empty lists allow all. */
export interface TeamLimits {
  readonly name: string;
  readonly serviceAccount: string;
  readonly namespaces: readonly string[];
  readonly allowKinds: readonly string[];
  readonly denyKinds: readonly string[];
  readonly secrets: 'Allow' | 'Refuse';
}

/** What an application's sources give now: everything of a release but the definition, and who wrote the revisions. */
export type ResolvedSources = Pick<ReleaseRef, 'version' | 'sources' | 'renderer'> & {
  readonly authors: readonly Author[];
};

/** One render: a release, for the clusters whose inputs are equal. */
export interface BundleRequest {
  /** The definition that the release pins. */
  readonly definition: Application;
  /** The definition at the head: it says where the pinned revisions are looked for. */
  readonly where: Application;
  readonly release: ReleaseRef;
  readonly inputs: RenderInputs;
  readonly kubernetesVersion: string;
  readonly team: TeamLimits;
}

/** The sources role, as the planner sees it. */
export interface ReleaseSource {
  /** What the head of the application would be released with. Throws `FairleadError`, such as SourceUnavailable. */
  resolve(application: Application): Promise<ResolvedSources>;
  /** Digest of the bundle, whose blobs are in the store by then. Throws `FairleadError`, such as RenderFailed. */
  bundleFor(request: BundleRequest): Promise<Digest>;
}

/** What the planner needs. */
export interface PlannerPorts {
  readonly repository: Repository;
  readonly reader: FleetReader;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly signer: HeadSigner;
  readonly releases: ReleaseSource;
  /** Who asks servers for gates; without it their questions stay open. */
  readonly checks?: Checks;
  /** Where people are asked for promotions, in the mode PullRequest. */
  readonly forge?: Forge;
  /** Who is told of passes; nobody unless given. */
  readonly steps?: Steps;
  /** False while the bus is away: gateways are told of nothing then, and nothing is told of clusters. */
  readonly hears?: () => boolean;
}

/** Who makes a ledger commit. */
export interface Author {
  readonly name: string;
  readonly email: string;
}

/** What is set once. */
export interface PlannerOptions {
  /** URL of the fleet repository without credentials, as ledger files name it. */
  readonly repositoryUrl: string;
  /** The branch that is read and written, where it is known. */
  readonly branch?: string;
  readonly author: Author;
  /** Under which fence it writes; it takes the lead by itself where none is given. */
  readonly fence?: number;
  /** When the store was away last: what nobody could say then is held against nobody. */
  readonly away?: () => Gap | undefined;
  /**
   * What makes every agent say anew what it runs. Written with an epoch that is raised at a start: what streams said that
   * were open before is forgotten with it.
   */
  readonly restored?: () => readonly Change[];
  /** Called after each pass, well or not. */
  readonly passed?: () => void;
}
