import { planAnswer } from '@fairlead/core/model';
import { z } from 'zod';

const timeMs = z.int().describe('Milliseconds since 1970 by the clock of the hub');
const counts = z.record(z.string(), z.int());

/** One of a closed list; what is no word of it is answered with all of them. */
function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  const all = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return z.enum(words, {
    error: ({ input }) => `must be ${all}: current value is ${JSON.stringify(input)?.slice(0, 80) ?? 'nothing'}`,
  });
}

/** Whether the hub hears the cluster. */
export const connection = oneOf('Connected', 'Silent', 'Lost', 'Never');

/** The states of one application in one cluster. */
export const states = {
  sync: oneOf('Held', 'Assigned', 'Applying', 'InSync', 'OutOfSync', 'Failed'),
  health: oneOf('Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', 'Unknown'),
  drift: oneOf('None', 'Corrected', 'Present', 'Fighting'),
} as const;

/** Why something is as it is: a word of the closed list, and a sentence. */
export const why = z.object({ reason: z.string(), message: z.string() });

/** Something in the fleet repository, or in a source, that cannot be used; the last good state stays. */
export const problem = why.extend({
  file: z.string().optional(),
  line: z.int().optional(),
  object: z.string().optional(),
  field: z.string().optional(),
  application: z.string().optional(),
  environment: z.string().optional(),
  cluster: z.string().optional(),
});

/** The fleet at a glance. */
export const fleetView = z.object({
  name: z.string(),
  repository: z.string(),
  head: z.string().optional().describe('Commit of the fleet repository that is in force'),
  epoch: z.int().optional(),
  clusters: z.object({ total: z.int(), connection: counts }),
  applications: z.object({ total: z.int(), sync: counts, health: counts, drift: counts }),
  problems: z.array(problem),
});

/** One member. */
export const clusterView = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  environments: z.array(z.string()),
  connection,
  agentVersion: z.string(),
  kubernetesVersion: z.string(),
  position: z.object({ epoch: z.int(), generation: z.int() }).optional(),
  lastHeardAtMs: timeMs.optional(),
  frozen: z.object({ by: z.string(), reason: z.string() }).optional(),
  applications: z.int(),
  inSync: z.int(),
  healthy: z.int(),
  ...why.shape,
});

/** An object that is not as it should be. */
export const objectProblem = why.extend({ object: z.string(), health: z.string() });

/** One application in one cluster. */
export const placementView = z.object({
  cluster: z.string(),
  application: z.string(),
  environment: z.string(),
  wave: z.string().optional(),
  ...states,
  /** The cluster is silent: what is shown is its last known state. */
  old: z.boolean(),
  release: z.string().optional(),
  version: z.string().optional(),
  bundle: z.string().optional(),
  attempt: z.string().optional(),
  objects: z.int(),
  healthyObjects: z.int(),
  sinceMs: timeMs.optional(),
  observedAtMs: timeMs.optional(),
  healthyForMs: z.int().optional(),
  problems: z.array(objectProblem),
  ...why.shape,
});

/** A state that time alone may change. */
const looked = why.extend({
  lookAtMs: timeMs.optional().describe('When it is looked at next if nothing happens before'),
});

/** What one environment runs of one application, and what comes next. */
export const stepView = z.object({
  environment: z.string(),
  version: z.string().optional(),
  release: z.string().optional(),
  attempt: z.string().optional(),
  clusters: z.int(),
  inSync: z.int(),
  healthy: z.int(),
  rollout: z.string(),
  halted: z.object({ attempt: z.string(), reason: z.string() }).optional(),
  hold: z.object({ by: z.string(), reason: z.string() }).optional(),
  fallback: z
    .string()
    .optional()
    .describe(
      'Commit of the ledger whose release a rollback leads to; missing where there is no other than the one in force',
    ),
  rejected: z.array(z.object({ digest: z.string(), reason: z.string() })),
  next: looked.optional().describe('What may enter next, and what it waits for'),
  waitsFor: z.array(z.string()).optional().describe('Gates that keep it out now'),
  ...why.shape,
});

/** One application and its pipeline. */
export const applicationView = z.object({
  application: z.string(),
  team: z.string(),
  sources: z.array(
    z.object({
      name: z.string(),
      url: z.string(),
      revision: z.string().optional(),
      version: z.string().optional(),
      problem: why.optional(),
    }),
  ),
  pipeline: z.array(stepView),
  problems: z.array(problem),
});

/** One environment. */
export const environmentView = z.object({
  name: z.string(),
  clusters: z.array(z.string()),
  applications: z.array(z.string()),
  waves: z.array(z.string()),
  problems: z.array(problem),
});

/** A wave of a rollout. */
export const waveView = z.object({
  name: z.string(),
  state: z.string(),
  total: z.int(),
  done: z.int(),
  inProgress: z.int(),
  ...why.shape,
});

/** The spreading of one application in one environment. */
export const rolloutView = z.object({
  application: z.string(),
  environment: z.string(),
  version: z.string().optional(),
  release: z.string().optional(),
  attempt: z.string().optional(),
  state: z.string(),
  waves: z.array(waveView),
  clusters: z.array(z.object({ cluster: z.string(), wave: z.string().optional(), state: z.string(), ...why.shape })),
  gates: z.array(
    looked.extend({
      gate: z.string(),
      verdict: z.enum(['Pass', 'Wait', 'Fail', 'Unknown']),
    }),
  ),
  next: looked.optional().describe('What happens next, and what it waits for'),
  entered: z
    .string()
    .optional()
    .describe('How the gates stood when the release entered, by the commit of its promotion'),
  candidate: z.string().optional().describe('What the gates are about, as trailers of approvals name it'),
  ...looked.shape,
});

/** Decisions about one application in one environment. What they rested on is as the version writes it that decided. */
export const decisionsView = z.object({
  items: z.array(
    z.object({
      kind: z.enum(['Rollout', 'Gates', 'Entry']),
      unit: z.string().describe('ENVIRONMENT/TEAM/NAME'),
      number: z.int(),
      atMs: timeMs,
      input: z.record(z.string(), z.unknown()),
      decided: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** One commit of the ledger for one application in one environment. */
export const historyView = z.object({
  application: z.string(),
  environment: z.string(),
  commit: z.string(),
  timeMs,
  author: z.string(),
  action: z.string(),
  version: z.string().optional(),
  release: z.string().optional(),
  message: z.string(),
  trailers: z.array(z.tuple([z.string(), z.string()])),
});

const releaseOf = {
  version: z.string(),
  release: z.string(),
  definition: z.string().describe('Commit of the fleet repository that defines the application so'),
};

/** What one promotion or return changed, down to the commits of the sources. */
export const changesView = z.object({
  application: z.string(),
  environment: z.string(),
  commit: z.string().describe('Of the ledger'),
  timeMs,
  author: z.string(),
  action: z.string(),
  ...releaseOf,
  before: z.object(releaseOf).optional().describe('What the environment had; missing for the first release'),
  sources: z.array(
    z.object({
      name: z.string(),
      url: z.string().optional().describe('Missing where the fleet does not define the source any more'),
      from: z.string().optional().describe('Revision before; missing for a source that was not there'),
      to: z.string().optional().describe('Revision now; missing for a source that is gone'),
      commits: z
        .array(
          z.object({
            commit: z.string(),
            subject: z.string(),
            author: z.object({ name: z.string(), email: z.string() }),
            timeMs: z.int().describe('When it was committed, in milliseconds since 1970'),
          }),
        )
        .describe('Newest first, those that changed something under the root of the source'),
      more: z.boolean().describe('There are further ones'),
      reached: z.boolean().describe('The history of `to` leads to `from`: the commits are what came'),
      back: z.boolean().describe('The history of `from` leads to `to`: the commits are what was taken out'),
      problem: why.optional().describe('Why the history cannot be read'),
    }),
  ),
});

/** One difference between a live object and what was applied. */
export const driftView = z.object({
  atMs: timeMs,
  cluster: z.string(),
  application: z.string(),
  object: z.string(),
  kind: z.enum(['Deleted', 'Changed', 'TakenOver', 'Unlabelled']),
  pointer: z.string(),
  wanted: z.string(),
  found: z.string(),
  manager: z.string().optional(),
  operation: z.string().optional(),
  outcome: z.enum(['Corrected', 'Reported', 'Damped', 'Failed']),
  tookMs: z.number().optional(),
});

/** What a release would change in the clusters of an environment, grouped by equal result. */
export const planView = z.object({
  application: z.string(),
  environment: z.string(),
  release: z.string(),
  version: z.string(),
  clusters: z.int().describe('All that the plan is for; a page asks some of them'),
  groups: z
    .array(
      z.object({
        clusters: z.array(z.string()),
        plan: planAnswer.describe('Of one of them; the same would change in all'),
      }),
    )
    .describe('The largest first'),
  problems: z.array(why.extend({ cluster: z.string() })).describe('Clusters that could not be asked, or rendered for'),
  next: z.string().optional(),
});

/** A line of the journal. */
export const eventView = z.object({
  id: z.int(),
  atMs: timeMs,
  type: z.string(),
  cluster: z.string().optional(),
  application: z.string().optional(),
  environment: z.string().optional(),
  attempt: z.string().optional(),
  ...why.shape,
});

/** What the watch says between two lines of the journal: something was decided about these applications; about any where none is named. */
export const decidedView = z.object({ applications: z.array(z.string()) });

/** What the watch says when the fleet repository was read, or something new is known of it: the commit that is in force. */
export const fleetReadView = z.object({ head: z.string().optional() });

/** RFC 9457, with the closed words of Fairlead beside it. */
export const problemJson = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  reason: z.string(),
  file: z.string().optional(),
  line: z.int().optional(),
  object: z.string().optional(),
  field: z.string().optional(),
});

export type FleetView = z.infer<typeof fleetView>;
export type ClusterView = z.infer<typeof clusterView>;
export type PlacementView = z.infer<typeof placementView>;
export type StepView = z.infer<typeof stepView>;
export type ApplicationView = z.infer<typeof applicationView>;
export type EnvironmentView = z.infer<typeof environmentView>;
export type RolloutView = z.infer<typeof rolloutView>;
export type HistoryView = z.infer<typeof historyView>;
export type ChangesView = z.infer<typeof changesView>;
export type DriftView = z.infer<typeof driftView>;
export type PlanView = z.infer<typeof planView>;
export type DecidedView = z.infer<typeof decidedView>;
export type FleetReadView = z.infer<typeof fleetReadView>;
export type EventView = z.infer<typeof eventView>;
export type ProblemView = z.infer<typeof problem>;
export type ProblemJson = z.infer<typeof problemJson>;
