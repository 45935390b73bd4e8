import type { JsonObject } from '@fairlead/core/model';

/**
 * The subjects on the bus. A message is a doorbell: it names what changed, and who hears it reads the store.
 * `desired`: {clusters}; `members`: {clusters}; `statuses`: {cluster, applications}; `head`: {repository}; `source`: {url};
 * `release`: {application}; `events`: {id}; `pushed`: {urls} of repositories that a git server says were pushed to;
 * `fleet`: {head} that the planner has taken; `work`: {key} that a sources instance is asked for, and `answered`: {key};
 * `instances`: {role} of which one came or went.
 */
export type Subject =
  | 'desired'
  | 'members'
  | 'statuses'
  | 'head'
  | 'source'
  | 'release'
  | 'events'
  | 'query'
  | 'pushed'
  | 'fleet'
  | 'work'
  | 'answered'
  | 'instances';

/** Takes one message; a rejection is logged by the bus and the message counts as delivered. */
export type BusHandler = (payload: JsonObject) => void | Promise<void>;

/** Carries doorbells between roles: at least once, in order for each subject, lost ones are found by reading the store. */
export interface Bus {
  publish(subject: Subject, payload: JsonObject): Promise<void>;
  /** Returns how to stop. */
  subscribe(subject: Subject, handler: BusHandler): () => void;
  close(): Promise<void>;
}
