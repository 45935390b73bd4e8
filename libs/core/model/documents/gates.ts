import { z } from 'zod';
import { duration, name } from './scalars.ts';
import { window, type Window } from './windows.ts';

const httpCheck = z.strictObject({
  http: z.strictObject({ url: z.string().min(1), method: z.enum(['GET', 'POST']).default('GET') }),
  pass: z.string().min(1),
  timeout: duration.default('10s'),
});
const metricCheck = z.strictObject({
  prometheus: z.strictObject({ url: z.string().min(1), query: z.string().min(1) }),
  pass: z.string().min(1),
  timeout: duration.default('10s'),
});

const gate = z.union(
  [
    z.strictObject({ soak: duration }),
    z.strictObject({ health: duration }),
    z.strictObject({
      approval: z.strictObject({
        count: z.int().min(1).default(1),
        from: z.array(z.string().min(1)).min(1).optional(),
      }),
    }),
    z.strictObject({ window: z.union([window, z.array(window).min(1)]) }),
    z.strictObject({ dependency: z.strictObject({ application: z.string().regex(/^[^/]+\/[^/]+$/) }) }),
    z.strictObject({ check: httpCheck }),
    z.strictObject({ metric: metricCheck }),
    z.strictObject({ verification: z.strictObject({ path: z.string().min(1), timeout: duration.default('10m') }) }),
    z.strictObject({ commitStatus: z.strictObject({ context: z.string().min(1) }) }),
    z.strictObject({ pause: z.strictObject({ reason: z.string().min(1) }) }),
  ],
  {
    error:
      'must have exactly one of soak, health, approval, window, dependency, check, metric, verification, commitStatus, pause',
  },
);
/** A condition on a promotion. */
export type Gate = z.infer<typeof gate>;
export const gates = z.array(gate);

/** The windows of a gate: one may stand alone. */
export function windowsOf({ window: given }: Extract<Gate, { window: unknown }>): readonly Window[] {
  return Array.isArray(given) ? given : [given];
}
