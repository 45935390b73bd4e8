import { z } from 'zod';

/**
 * What an agent answers to a Query or a PlanRequest, as JSON; the status API shows it as it came. Objects are named
 * GROUP/KIND/NAMESPACE/NAME. Nothing in an answer is a value of a Secret. `notes` say what was left out, and why.
 */
const notes = z.array(z.string().max(4096)).max(64).describe('What was left out, and why');
const object = z.string().max(2048).describe('GROUP/KIND/NAMESPACE/NAME');

/** Words of health that an object may have; those of a whole application. */
const health = z.enum(['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', 'Unknown']);

/** One object of a tree. */
export const treeNode = z.object({
  object,
  owner: object.optional().describe('What owns it; missing where the application itself brought it'),
  depth: z.int().min(0).describe('0 for what the application itself brought'),
  standing: z.string().max(64).optional().describe('How it stands against what was applied; of what was applied only'),
  health: health.optional().describe('Missing where only metadata was read'),
  reason: z.string().max(64).optional(),
  message: z.string().max(4096).optional(),
  createdAt: z.string().max(64).optional().describe("By the cluster's clock"),
  terminating: z.literal(true).optional(),
});

/** The objects of an application in a cluster, and what they own; each object after its owner. */
export const treeAnswer = z.object({ application: z.string(), objects: z.array(treeNode), notes });

/** One live object, without its values where it is a Secret. */
export const objectAnswer = z.object({
  object,
  live: z.record(z.string(), z.unknown()).optional().describe('Missing where there is no such object'),
  notes,
});

/** One Event of Kubernetes. */
export const clusterEvent = z.object({
  object,
  type: z.string().max(64),
  reason: z.string().max(256),
  message: z.string().max(4096),
  at: z.string().max(64).describe("By the cluster's clock"),
  count: z.int(),
  source: z.string().max(512),
});

/** What Kubernetes tells of an object and of what it owns, or of a whole application; newest first. */
export const eventsAnswer = z.object({ application: z.string(), events: z.array(clusterEvent), notes });

/** One field that an apply would change. */
export const fieldChange = z.object({
  pointer: z.string().describe('JSON pointer (RFC 6901); empty for the whole object'),
  wanted: z.string().describe('JSON text; empty where the field would go'),
  found: z.string().describe('JSON text; empty where there is none'),
});

/** What an apply would do to one object, by the API server's own word: a dry run. */
export const objectChange = z.object({
  object,
  action: z.enum(['Create', 'Change', 'Unchanged', 'Refused']),
  fields: z.array(fieldChange),
  reason: z.string().max(64).optional(),
  message: z.string().max(4096).optional(),
  live: z.record(z.string(), z.unknown()).optional().describe('Only where one object was asked for'),
  wanted: z.record(z.string(), z.unknown()).optional().describe('Only where one object was asked for'),
});

/** What would become of an object that the bundle does not name any more. */
export const objectDeparture = z.object({
  object,
  action: z.enum(['Delete', 'Release', 'Keep']),
  reason: z.string().max(64).optional(),
  message: z.string().max(4096).optional(),
});

/** What a bundle would change in a cluster. */
export const planAnswer = z.object({
  application: z.string(),
  bundle: z.string(),
  digest: z.string().describe('Of all that would change: equal in clusters in which the same would'),
  counts: z.object({ create: z.int(), change: z.int(), unchanged: z.int(), refused: z.int(), leave: z.int() }),
  objects: z.array(objectChange).describe('Those that would change; all counts are in `counts`'),
  leaves: z.array(objectDeparture),
  notes,
});

export type TreeNode = z.infer<typeof treeNode>;
export type TreeAnswer = z.infer<typeof treeAnswer>;
export type ObjectAnswer = z.infer<typeof objectAnswer>;
export type ClusterEvent = z.infer<typeof clusterEvent>;
export type EventsAnswer = z.infer<typeof eventsAnswer>;
export type FieldChange = z.infer<typeof fieldChange>;
export type ObjectChange = z.infer<typeof objectChange>;
export type ObjectDeparture = z.infer<typeof objectDeparture>;
export type PlanAnswer = z.infer<typeof planAnswer>;

/** What an agent can be asked, as its Hello names it. */
export const capabilities = {
  Tree: 'query.tree',
  Object: 'query.object',
  Diff: 'query.diff',
  Events: 'query.events',
  Plan: 'plan',
} as const;
/** A question that an agent may be asked. */
export type Asking = keyof typeof capabilities;

/** An answer has at most so many bytes: below one part of a blob, so that it goes as one message on every way. */
export const mostAnswerBytes = 240_000;
