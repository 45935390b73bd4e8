import { inboxOf, namesOf, type NatsBusOptions } from './options.ts';

/** Subjects as a NATS server's `permissions` and a user's JWT name them. */
export interface BusPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * All that a hub role's user needs: its one stream, consumers of it, questions between roles, its own inbox. Nothing of the
 * agents' subjects, no other stream, and not to delete its own.
 */
export function busPermissions(options: Pick<NatsBusOptions, 'stream' | 'prefix'> = {}): BusPermissions {
  const names = namesOf(options);
  const { stream, prefix, asked } = names;
  const api = (call: string): string => `$JS.API.${call}`;
  return {
    publish: [
      `${prefix}.*`,
      `${asked}.*`,
      `${inboxOf(names)}.>`,
      api(`STREAM.INFO.${stream}`),
      api(`STREAM.CREATE.${stream}`),
      api(`STREAM.UPDATE.${stream}`),
      api(`CONSUMER.CREATE.${stream}`),
      api(`CONSUMER.INFO.${stream}.*`),
      api(`CONSUMER.DELETE.${stream}.*`),
      api(`CONSUMER.MSG.NEXT.${stream}.*`),
    ],
    subscribe: [`${asked}.*`, `${inboxOf(names)}.>`],
  };
}
