import { z } from 'zod';
import { commit, digest, document, labels, name } from './scalars.ts';

const reasonText = z.string().min(1);

/** `ledger/ENVIRONMENT/TEAM/APPLICATION.yaml`: which release an environment runs, and what was decided about it. */
export const release = document('Release', {
  metadata: { team: name, environment: name },
  spec: z.strictObject({
    /** For people. */
    version: z.string().min(1),
    digest,
    definition: z.strictObject({ repository: z.string().min(1), commit }),
    sources: z.record(z.string(), z.strictObject({ revision: z.string().min(1), digest })),
    /** Version by the renderer's name. */
    renderer: z.record(z.string(), z.string()),
    /** Who wrote what the promotion brought, as far as sources tell; nobody approves their own work. */
    authors: z.array(z.strictObject({ name: z.string(), email: z.string() })).optional(),
    /** The ledger commit whose release last completed its rollout here. */
    fallback: commit.optional(),
    hold: z.strictObject({ by: z.string().min(1), reason: reasonText }).optional(),
    halted: z.strictObject({ attempt: commit, reason: reasonText }).optional(),
    rejected: z.array(z.strictObject({ digest, reason: reasonText })).optional(),
  }),
});
/** A parsed Release file. */
export type ReleaseFile = z.infer<typeof release>;

/** `ledger/clusters/NAME.yaml`: a member. */
export const member = document('Member', {
  metadata: {},
  spec: z.strictObject({
    labels: labels.default({}),
    /** SHA-256 of the key's SubjectPublicKeyInfo. */
    key: digest,
    kubernetes: z.string().regex(/^v\d+\.\d+\.\d+/),
    frozen: z.strictObject({ by: z.string().min(1), reason: reasonText }).optional(),
  }),
});
/** A parsed Member file. */
export type Member = z.infer<typeof member>;

/** `ledger/hub.yaml`: the epoch, raised by a commit when a hub starts on an empty or restored store. */
export const hub = document('Hub', { metadata: {}, spec: z.strictObject({ epoch: z.int().min(1) }) });
/** A parsed Hub file. */
export type HubFile = z.infer<typeof hub>;
