import { z } from 'zod';
import { duration, durationMs } from './scalars.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** When something begins: a cron expression of five fields, or days of the week with a time of day. */
const begin = z.union([
  z.string().regex(/^\s*\S+(\s+\S+){4}\s*$/, 'is no cron expression of five fields, such as "0 9 * * 1-5"'),
  z.strictObject({
    days: z.array(z.enum(days)).min(1),
    at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is no time of day, such as "09:00"'),
  }),
]);

/** Whether this machine knows the zone. Offsets such as `+01:00` are none: they know no summer. */
function isTimeZone(zone: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions();
    return timeZone !== '' && /^[A-Za-z]/.test(zone);
  } catch {
    return false;
  }
}

const longestMs = 366 * 86_400_000;
const length = duration.refine((text) => {
  const ms = durationMs(text);
  return ms === undefined || (ms >= 60_000 && ms <= longestMs);
}, 'must be between 1m and 366d');
const timeZone = z
  .string()
  .refine(isTimeZone, 'is no time zone of the IANA list, such as Europe/Berlin')
  .default('UTC');

/** One recurring span of time, open (`allow`) or shut (`deny`) for `duration` from each begin on. */
export const window = z.union([
  z.strictObject({ allow: begin, duration: length, timeZone }),
  z.strictObject({ deny: begin, duration: length, timeZone }),
]);
/** A value of {@link window}. */
export type Window = z.infer<typeof window>;

/** What recurs, as one cron expression of five fields. */
export function cronOf(window: Window): string {
  const given = 'allow' in window ? window.allow : window.deny;
  if (typeof given === 'string') return given.trim();
  const [hour, minute] = given.at.split(':').map(Number);
  return `${minute} ${hour} * * ${given.days.map((day) => days.indexOf(day)).join(',')}`;
}
