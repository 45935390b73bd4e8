import { z } from 'zod';
import type { ApplicationId } from '../ids.ts';
import { duration, durationMs, folder, name } from './scalars.ts';
import { window, type Window } from './windows.ts';

/** What a URL may be filled with: `${release.version}` and the like. */
const urlVariables = ['release.version', 'release.digest', 'application', 'environment'] as const;

const variable = /\$\{([^}]*)\}/g;

function whyNoUrl(text: string): string | undefined {
  const known: readonly string[] = urlVariables;
  const stranger = [...text.matchAll(variable)].find(([, name = '']) => !known.includes(name));
  if (stranger !== undefined)
    return `has ${stranger[0]}, and knows ${urlVariables.map((name) => `\${${name}}`).join(', ')}`;
  const url = URL.parse(text.replaceAll(variable, 'x'));
  if (url === null || !/^https?:$/.test(url.protocol)) return 'is no URL that begins with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'holds credentials, which a document must not';
  const [host = ''] = /^[a-z]+:\/\/[^/?#]*/i.exec(text) ?? [];
  return host.includes('${') ? 'must name its host without variables' : undefined;
}

const url = z.string().superRefine((text, context) => {
  const why = whyNoUrl(text);
  if (why !== undefined) context.addIssue({ code: 'custom', message: why });
});

function between(least: number, most: number, words: string) {
  return duration.refine((text) => {
    const ms = durationMs(text);
    return ms === undefined || (ms >= least && ms <= most);
  }, `must be between ${words}`);
}

/** How long an answer is waited for, how often more at once where there is none, and how often it is asked for anew. */
const patience = {
  timeout: between(100, 60_000, '100ms and 60s').default('10s'),
  retries: z.int().min(0).max(10).default(3),
  every: between(10_000, 86_400_000, '10s and 24h').default('1m'),
};
/** How a server is asked; `pass` is CEL over the answer. */
const asking = { pass: z.string().min(1).max(2_000), ...patience };
const httpCheck = z.strictObject({
  http: z.strictObject({ url, method: z.enum(['GET', 'POST']).default('GET') }),
  ...asking,
});
const metricCheck = z.strictObject({
  prometheus: z.strictObject({ url, query: z.string().min(1).max(4_000) }),
  ...asking,
});

/** `path` is as an application's; a Job that failed is run anew `retries` times, each for `timeout` at most. */
const verification = z.strictObject({
  path: folder.min(1),
  timeout: between(1_000, 86_400_000, '1s and 24h').default('10m'),
  retries: z.int().min(0).max(5).default(0),
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
    z.strictObject({ verification }),
    z.strictObject({
      commitStatus: z.strictObject({ context: z.string().min(1).max(255), source: name.default('main'), ...patience }),
    }),
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

/** A gate whose Job an agent runs. */
export type VerificationGate = Extract<Gate, { verification: unknown }>;

/** Whether a gate is a {@link VerificationGate}. */
export function isVerificationGate(gate: Gate): gate is VerificationGate {
  return 'verification' in gate;
}

/** The windows of a gate: one may stand alone. */
export function windowsOf({ window: given }: Extract<Gate, { window: unknown }>): readonly Window[] {
  return Array.isArray(given) ? given : [given];
}

/** The applications, `PROJECT/NAME`, that gates wait for. */
export function dependenciesIn(all: readonly Gate[]): readonly ApplicationId[] {
  return all.flatMap((one) => ('dependency' in one ? [one.dependency.application as ApplicationId] : []));
}

/** A URL of a gate with its variables filled in; what they stand for cannot leave the place that they have in it. */
export function fillUrl(text: string, values: Readonly<Record<(typeof urlVariables)[number], string>>): string {
  return text.replaceAll(variable, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name as keyof typeof values] : undefined;
    return value === undefined ? whole : encodeURIComponent(value);
  });
}
