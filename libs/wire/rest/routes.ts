import { eventsAnswer, objectAnswer, planAnswer, treeAnswer } from '@fairlead/core/model';
import { z } from 'zod';
import {
  applicationView,
  changesView,
  clusterView,
  connection,
  decisionsView,
  driftView,
  environmentView,
  eventView,
  fleetView,
  historyView,
  placementView,
  planView,
  rolloutView,
  states,
} from './resources.ts';

/** One operation of the status API. The server, the OpenAPI document and the clients are all made from this table. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** How long a client waits for the head of the answer: agents are asked meanwhile. 30 s unless it says. */
  readonly answerWithinMs?: number;
}

const page = {
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().optional().describe('`next` of the page before'),
};
const selected = {
  cluster: z.string().optional(),
  application: z.string().optional().describe('TEAM/NAME'),
  environment: z.string().optional(),
};
const labelled = { labels: z.string().optional().describe('Label selector, such as env=prod,tier!=canary') };

/** A page of a list; `next` is missing on the last one. */
function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

const ofObject = { object: z.string().optional().describe('GROUP/KIND/NAMESPACE/NAME') };
const inCluster = '/api/v1/clusters/{cluster}/applications/{team}/{name}';
/** Longer than an agent has for a plan. */
const planWithinMs = 150_000;

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const target = z.object({ application: z.string().regex(/^[^/]+\/[^/]+$/, 'must be TEAM/NAME'), environment: name });
const done = z.object({ commit: z.string().optional(), message: z.string() });

/** Every operation by its name. */
export const routes = {
  getMe: { method: 'GET', path: '/api/v1/me', summary: 'Whose token this is', answer: z.object({ name: z.string() }) },
  getFleet: { method: 'GET', path: '/api/v1/fleet', summary: 'The fleet at a glance', answer: fleetView },
  listClusters: {
    method: 'GET',
    path: '/api/v1/clusters',
    summary: 'Members and their state',
    query: z.object({ ...page, ...labelled, environment: z.string().optional(), connection: connection.optional() }),
    answer: pageOf(clusterView),
  },
  getCluster: { method: 'GET', path: '/api/v1/clusters/{cluster}', summary: 'One member', answer: clusterView },
  listPlacements: {
    method: 'GET',
    path: '/api/v1/placements',
    summary: 'Applications in clusters, one row each',
    query: z.object({
      ...page,
      ...selected,
      ...labelled,
      sync: states.sync.optional(),
      health: states.health.optional(),
      drift: states.drift.optional(),
    }),
    answer: pageOf(placementView),
  },
  listApplications: {
    method: 'GET',
    path: '/api/v1/applications',
    summary: 'Applications and their pipelines',
    query: z.object({ ...page, team: z.string().optional() }),
    answer: pageOf(applicationView),
  },
  getApplication: {
    method: 'GET',
    path: '/api/v1/applications/{team}/{name}',
    summary: 'One application',
    answer: applicationView,
  },
  listEnvironments: {
    method: 'GET',
    path: '/api/v1/environments',
    summary: 'Environments and what they select',
    query: z.object(page),
    answer: pageOf(environmentView),
  },
  listRollouts: {
    method: 'GET',
    path: '/api/v1/rollouts',
    summary: 'What spreads, or stands, and why',
    query: z.object({ ...page, application: z.string().optional(), environment: z.string().optional() }),
    answer: pageOf(rolloutView),
  },
  getDecisions: {
    method: 'GET',
    path: '/api/v1/rollouts/{environment}/{team}/{name}/decisions',
    summary: 'The newest decisions with everything that they rested on, newest first, for a bug report',
    answer: decisionsView,
  },
  listReleases: {
    method: 'GET',
    path: '/api/v1/releases',
    summary: 'The ledger: promotions, rollbacks and decisions, newest first',
    query: z.object({ ...page, application: z.string().optional(), environment: z.string().optional() }),
    answer: pageOf(historyView),
  },
  listChanges: {
    method: 'GET',
    path: '/api/v1/changes',
    summary: 'What promotions and returns changed, with the commits of the sources, newest first; asked of git servers',
    query: z.object({
      ...page,
      limit: z.coerce.number().int().min(1).max(20).default(10),
      application: z.string().optional().describe('TEAM/NAME'),
      environment: z.string().optional(),
    }),
    answer: pageOf(changesView),
  },
  listDrift: {
    method: 'GET',
    path: '/api/v1/drift',
    summary: 'Differences that agents found, newest first',
    query: z.object({ ...page, ...selected }),
    answer: pageOf(driftView),
  },
  listEvents: {
    method: 'GET',
    path: '/api/v1/events',
    summary: 'The journal, newest first',
    query: z.object({ ...page, ...selected }),
    answer: pageOf(eventView),
  },
  getTree: {
    method: 'GET',
    path: `${inCluster}/tree`,
    summary: 'The live objects of an application in a cluster, and what they own; asked of its agent',
    answer: treeAnswer,
  },
  getObject: {
    method: 'GET',
    path: `${inCluster}/object`,
    summary: 'One live object of an application, or of what it owns, without secrets; asked of its agent',
    query: z.object({ object: z.string().describe('GROUP/KIND/NAMESPACE/NAME') }),
    answer: objectAnswer,
  },
  getDiff: {
    method: 'GET',
    path: `${inCluster}/diff`,
    summary: 'How live objects differ from what the application is to run there, by a dry run; asked of its agent',
    query: z.object(ofObject),
    answer: planAnswer,
    answerWithinMs: planWithinMs,
  },
  getClusterEvents: {
    method: 'GET',
    path: `${inCluster}/events`,
    summary:
      'The Events of Kubernetes about an application, or one object and what it owns, newest first; asked of its agent',
    query: z.object(ofObject),
    answer: eventsAnswer,
  },
  createPlan: {
    method: 'POST',
    path: '/api/v1/plans',
    summary:
      'What a release would change in each cluster of an environment, by dry runs of their agents; nothing is written',
    body: target.extend({
      cluster: name.optional(),
      release: z.string().optional().describe('Digest or version; the newest offer unless it is given'),
      limit: z.number().int().min(1).max(25).default(10).describe('Clusters that are asked in one call'),
      cursor: z.string().optional().describe('`next` of the call before'),
    }),
    answer: planView,
    answerWithinMs: planWithinMs,
  },
  createJoin: {
    method: 'POST',
    path: '/api/v1/clusters',
    summary: 'Make a one-use token and the install manifest for a new member',
    body: z.object({
      name,
      labels: z.record(z.string(), z.string()).default({}),
      profile: z.string().min(1).default('cluster-admin'),
      image: z.string().optional(),
      transport: z.enum(['grpc', 'nats']).default('grpc').describe("Which way the agent's stream goes"),
      natsAddress: z.string().optional().describe('Of a broker nearer to the agent, such as a leaf node'),
      natsCaPem: z.string().optional().describe("The authority of that broker's certificate"),
    }),
    answer: z.object({ name: z.string(), token: z.string(), expiresAtMs: z.int(), manifest: z.string() }),
  },
  removeCluster: {
    method: 'DELETE',
    path: '/api/v1/clusters/{cluster}',
    summary: 'End a membership; workloads stay',
    answer: done,
  },
  promote: {
    method: 'POST',
    path: '/api/v1/promotions',
    summary: 'Promote a release by a ledger commit',
    body: target.extend({ release: z.string().optional(), reason: z.string().optional() }),
    answer: done,
  },
  approve: {
    method: 'POST',
    path: '/api/v1/approvals',
    summary: 'Approve a candidate at the door of an environment, by a ledger commit',
    body: target.extend({ release: z.string().optional(), reason: z.string().optional() }),
    answer: done,
  },
  rollback: {
    method: 'POST',
    path: '/api/v1/rollbacks',
    summary: 'Go back to the fallback by a ledger commit',
    body: target.extend({ reason: z.string().min(1) }),
    answer: done,
  },
  resume: {
    method: 'POST',
    path: '/api/v1/resumptions',
    summary: 'Take a halt, or a hold, away; else let the candidate go on that a gate pauses',
    body: target.extend({ reason: z.string().optional() }),
    answer: done,
  },
  hold: {
    method: 'POST',
    path: '/api/v1/holds',
    summary: 'Let nothing enter an environment',
    body: target.extend({ reason: z.string().min(1) }),
    answer: done,
  },
  freeze: {
    method: 'POST',
    path: '/api/v1/freezes',
    summary: 'Give one cluster nothing new until it is thawed, by a ledger commit',
    body: z.object({ cluster: name, reason: z.string().min(1) }),
    answer: done,
  },
  thaw: {
    method: 'DELETE',
    path: '/api/v1/freezes/{cluster}',
    summary: 'Take the freeze of a cluster away',
    answer: done,
  },
  acknowledge: {
    method: 'POST',
    path: '/api/v1/acknowledgements',
    summary: 'Allow once what is refused by default',
    body: z.object({ kind: z.enum(['Removal', 'Protected', 'Selector', 'Rewrite']), subject: z.string().min(1) }),
    answer: done,
  },
} as const satisfies Record<string, Route>;

/** Name of an operation. */
export type Operation = keyof typeof routes;
/** What an operation answers. */
export type Answer<Name extends Operation> = z.infer<(typeof routes)[Name]['answer']>;
/** What an operation takes as its body. */
export type Body<Name extends Operation> = (typeof routes)[Name] extends { body: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : undefined;
/** What an operation takes as its query, as a client writes it. */
export type Query<Name extends Operation> = (typeof routes)[Name] extends { query: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : undefined;
