import type { ApplicationId, ClusterName } from '@fairlead/core/model';

/**
 * What is said on the bus, by subject. A message is a doorbell: it names what changed, and who hears it reads the store.
 * Naming too much costs a look; naming too little would be an error.
 */
export interface Messages {
  /** There is a new desired state for these clusters; for any where none are named. */
  readonly desired: { readonly clusters?: readonly ClusterName[] };
  /** Memberships changed: of these clusters, or of any where none are named. */
  readonly members: { readonly clusters?: readonly ClusterName[] };
  /** Something was heard of these clusters: of these applications there, or of the clusters themselves where the list is empty; of any cluster where none are named. */
  readonly statuses: { readonly clusters: readonly ClusterName[]; readonly applications: readonly ApplicationId[] };
  /** The fleet repository is to be looked at; on behalf of a cluster that enrolled or needs a newer epoch, where one is named. */
  readonly head: { readonly cluster?: ClusterName };
  /** A source has new files, or a new problem. */
  readonly source: { readonly url: string; readonly key: string };
  /** These applications may have a newer release; any of them where the list is empty. */
  readonly release: { readonly applications: readonly ApplicationId[] };
  /** The planner decided something new about these applications; about any where the list is empty. */
  readonly decided: { readonly applications: readonly ApplicationId[] };
  /** The journal has new lines. */
  readonly events: { readonly [none in never]: never };
  /** A git server says that the repositories under these URLs were pushed to. */
  readonly pushed: { readonly urls: readonly string[] };
  /** The planner has taken this head of the fleet repository, or says once more that it has. */
  readonly fleet: { readonly head: string };
  /** The sources role is asked for something: the fact `work:KEY` says for what. */
  readonly work: { readonly key: string };
  /** The sources role has answered: the fact `answer:KEY` says what. */
  readonly answered: { readonly key: string };
  /** The store was set back: whoever remembers what it held begins anew. */
  readonly restored: { readonly [none in never]: never };
  /** An instance of this role came or went. */
  readonly instances: { readonly role: string };
}

/** The subjects on the bus. */
export type Subject = keyof Messages;

/** All subjects. */
export const subjects = [
  'desired',
  'members',
  'statuses',
  'head',
  'source',
  'release',
  'decided',
  'events',
  'pushed',
  'fleet',
  'work',
  'answered',
  'restored',
  'instances',
] as const satisfies Subject[];

/** Beside what is said: the trace that it belongs to (W3C Trace Context, `traceparent`). */
export interface Traced {
  readonly traceparent?: string;
}

/** What a message of this subject says. */
export type Payload<S extends Subject> = Messages[S] & Traced;

/** A message with its subject. */
export type Message = { readonly [S in Subject]: { readonly subject: S; readonly payload: Payload<S> } }[Subject];
