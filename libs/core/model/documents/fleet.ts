import { z } from 'zod';
import { gates } from './gates.ts';
import { countOrPercent, document, duration, labels, name, selector, someOrPercent } from './scalars.ts';
import { window } from './windows.ts';

/** The one document at the root: where the ledger lies and what bounds the whole fleet. */
export const fleet = document('Fleet', {
  metadata: {},
  spec: z
    .strictObject({
      ledger: z
        .strictObject({
          path: z
            .string()
            .regex(/^[^/.][^/]*$/, 'must be one folder at the root')
            .default('ledger'),
          mode: z.enum(['Commit', 'PullRequest']).default('Commit'),
          repository: z.url().optional(),
          branch: z.string().min(1).optional(),
        })
        .prefault({}),
      removalBudget: z.strictObject({ placements: countOrPercent.default('10%') }).prefault({}),
      credentials: z
        .array(z.strictObject({ match: z.string().min(1), secret: name, teams: z.array(name).optional() }))
        .default([]),
      secrets: z.enum(['Allow', 'Refuse']).default('Allow'),
      silence: z
        .strictObject({
          silentAfter: duration.default('5m'),
          answerWithin: duration.default('30s'),
          lostAfter: duration.default('24h'),
        })
        .prefault({}),
    })
    .prefault({}),
});
/** A parsed Fleet document. */
export type Fleet = z.infer<typeof fleet>;

const wave = z.strictObject({
  name,
  clusters: selector.optional(),
  maxConcurrent: someOrPercent.default('100%'),
  soak: duration.default('0s'),
});
/** A group of clusters in a rollout. A wave without a selector takes whoever no earlier one took. */
export type Wave = z.infer<typeof wave>;

/** Waves of one name cannot be told apart, and behind one that takes everybody nobody is left. */
const waves = z
  .array(wave)
  .min(1)
  .superRefine((all, context) => {
    for (const [at, { name }] of all.entries()) {
      const path = [at, 'name'];
      if (all.findIndex((other) => other.name === name) < at)
        context.addIssue({ code: 'custom', path, message: 'is the name of an earlier wave too' });
      if (at > 0 && all[at - 1]?.clusters === undefined)
        context.addIssue({
          code: 'custom',
          path,
          message: 'stands after a wave without a selector, which leaves it no cluster',
        });
    }
  });

const rollout = z.strictObject({
  waves: waves.default([{ name: 'all', maxConcurrent: '100%', soak: '0s' }]),
  maxUnavailable: someOrPercent.default('10%'),
  failureBudget: countOrPercent.default(0),
  progressDeadline: duration.default('10m'),
  onFailure: z.enum(['Rollback', 'Halt']).default('Halt'),
  unreachable: z.enum(['Skip', 'Wait']).default('Skip'),
});
/** How a release spreads in an environment. */
export type RolloutPolicy = z.infer<typeof rollout>;

/** A selection of clusters, with the policy by which releases spread in it. */
export const environment = document('Environment', {
  metadata: {},
  spec: z.strictObject({
    clusters: selector,
    gates: gates.default([]),
    rollout: rollout.prefault({}),
    windows: z.array(window).default([]),
    ledger: z.strictObject({ mode: z.enum(['Commit', 'PullRequest']) }).optional(),
  }),
});
/** A parsed Environment document. */
export type Environment = z.infer<typeof environment>;

/** More labels for a member; its membership itself is in the ledger. */
export const cluster = document('Cluster', {
  metadata: { labels: labels.default({}) },
  spec: z.strictObject({}).prefault({}),
});
/** A parsed Cluster document. */
export type Cluster = z.infer<typeof cluster>;

/** What the agent signs in and upgrades as: an application under one of these could read or replace the agent. */
const ownAccounts: ReadonlySet<string> = new Set(['fairlead-agent', 'fairlead-upgrader']);

/** A tenant: what its applications may touch, and under which service account. */
export const team = document('Team', {
  metadata: {},
  spec: z.strictObject({
    sources: z.array(z.string().min(1)).default([]),
    environments: z.array(name).default([]),
    namespaces: z.array(z.string().min(1)).default([]),
    kinds: z
      .strictObject({ allow: z.array(z.string().min(1)).optional(), deny: z.array(z.string().min(1)).optional() })
      .prefault({}),
    serviceAccount: name.refine(
      (text) => !ownAccounts.has(text),
      "is an account of the agent itself: name one of the team's own, such as fairlead-TEAM",
    ),
    secrets: z.enum(['Allow', 'Refuse']).optional(),
    definitions: z
      .strictObject({
        git: z.strictObject({ url: z.url(), path: z.string().default('.'), branch: z.string().min(1).default('main') }),
      })
      .optional(),
    approvers: z.array(z.string().min(1)).default([]),
  }),
});
/** A parsed Team document. */
export type Team = z.infer<typeof team>;
