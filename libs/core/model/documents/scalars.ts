import { z } from 'zod';
import { isName, type CommitSha, type Digest } from '../ids.ts';
import type { Json } from '../objects.ts';

/** The only API version of documents so far. */
export const apiVersion = 'fairlead.dev/v1alpha1';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const durationForm = /^(\d+(ms|s|m|h|d))+$/;

/** Milliseconds of a duration such as `90s`, `1h30m` or `2d`; undefined if it is none. */
export function durationMs(text: string): number | undefined {
  if (!durationForm.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) sum += Number(count) * (units[unit ?? ''] ?? 0);
  return sum;
}

/** A duration as text; kept as it is written, since the text is what a digest covers. */
export const duration = z
  .string()
  .refine((text) => durationMs(text) !== undefined, 'is not a duration: write for example 90s, 5m, 1h30m');

/** `25%` or a count. */
export const countOrPercent = z.union([
  z.int().min(0),
  z.string().regex(/^(100|\d{1,2})%$/, 'is neither a count nor a percentage such as 25%'),
]);
/** A value of {@link countOrPercent}. */
export type CountOrPercent = z.infer<typeof countOrPercent>;

/** A {@link countOrPercent} that is not zero: with none at a time nothing would ever move. */
export const someOrPercent = countOrPercent.refine(
  (value) => value !== 0 && !/^0+%$/.test(String(value)),
  'is zero, so that nothing would ever move: write at least 1, or 1%; a hold stops an environment',
);

/** How many of `total` are meant: percentages are rounded down; not below `atLeast`. */
export function countOf(value: CountOrPercent, options: { total: number; atLeast: number }): number {
  const count = typeof value === 'number' ? value : Math.floor((Number(value.slice(0, -1)) * options.total) / 100);
  return Math.max(count, options.atLeast);
}

export const name = z.string().refine(isName, 'is not a name: lower-case letters, digits and dashes, at most 63');
export const commit = z
  .string()
  .regex(/^[0-9a-f]{40}$/, 'is not a commit: 40 hex digits')
  .transform((text) => text as CommitSha);
export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'is not a digest: sha256: and 64 hex digits')
  .transform((text) => text as Digest);
export const pointer = z.string().regex(/^(\/([^~/]|~[01])*)+$/, 'is not a JSON pointer (RFC 6901)');

/** A folder of a repository, from its root. */
export const folder = z
  .string()
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must stay inside the repository');

export const labels = z.record(z.string(), z.string());

function isJson(value: unknown): value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint')
    return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return typeof value === 'object' && Object.values(value).every(isJson);
}

/** Any JSON value, integers of any size included. */
export const json = z.custom<Json>(isJson, 'is not a JSON value');

const expression = z
  .strictObject({
    key: z.string().min(1),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(z.string()).optional(),
  })
  .refine(
    ({ operator, values = [] }) =>
      operator === 'In' || operator === 'NotIn' ? values.length > 0 : values.length === 0,
    {
      error: 'In and NotIn need at least one value, Exists and DoesNotExist take none',
      path: ['values'],
    },
  );

/** A Kubernetes label selector. */
export const selector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z.array(expression).optional(),
});
/** A value of {@link selector}. An empty one matches everything. */
export type Selector = z.infer<typeof selector>;

/** Which objects a patch or a rule is for; see `matchesTarget`. */
export const target = z.strictObject({
  group: z.string().optional(),
  version: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
});
/** A value of {@link target}. */
export type Target = z.infer<typeof target>;

/** The same three lines at the head of every document. */
export function document<Kind extends string, Meta extends z.ZodRawShape, Spec extends z.ZodType>(
  kind: Kind,
  shape: { metadata: Meta; spec: Spec },
) {
  return z.strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(kind),
    metadata: z.strictObject({ name, ...shape.metadata }),
    spec: shape.spec,
  });
}
