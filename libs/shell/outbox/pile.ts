import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import type { Message } from '@fairlead/ports/bus';
import type { OutboxRow } from '@fairlead/ports/store';

/** What a message is about; a list that is left out stands for any. */
export interface Scope {
  readonly clusters?: readonly ClusterName[];
  readonly applications?: readonly ApplicationId[];
}

/** What the message is about; undefined where it names nothing that could be joined with what another names. */
export function scopeOf({ subject, payload }: Message): Scope | undefined {
  switch (subject) {
    case 'desired':
    case 'members':
      return payload.clusters === undefined ? {} : { clusters: payload.clusters };
    case 'statuses':
      return {
        ...(payload.clusters.length > 0 && { clusters: payload.clusters }),
        ...(payload.applications.length > 0 && { applications: payload.applications }),
      };
    case 'release':
    case 'decided':
      return payload.applications.length > 0 ? { applications: payload.applications } : {};
    default:
      return undefined;
  }
}

/** The message about another scope. */
export function sayingOf(message: Message, { clusters, applications }: Scope): Message {
  const { traceparent } = message.payload;
  const trace = traceparent === undefined ? {} : { traceparent };
  switch (message.subject) {
    case 'desired':
    case 'members':
      return { subject: message.subject, payload: { ...(clusters && { clusters }), ...trace } };
    case 'statuses':
      return {
        subject: message.subject,
        payload: { clusters: clusters ?? [], applications: applications ?? [], ...trace },
      };
    case 'release':
    case 'decided':
      return { subject: message.subject, payload: { applications: applications ?? [], ...trace } };
    default:
      return message;
  }
}

/** Several messages of one kind that become one. */
export class Pile {
  #newest: Message;
  #clusters: Set<ClusterName> | undefined;
  #applications: Set<ApplicationId> | undefined;
  readonly #ids = new Set<number>();

  constructor({ id, ...message }: OutboxRow, { clusters, applications }: Scope) {
    this.#newest = message;
    this.#clusters = clusters && new Set(clusters);
    this.#applications = applications && new Set(applications);
    this.#ids.add(id);
  }

  /** Whether the pile names no more than so many of each when this is added. */
  hasRoomFor({ clusters, applications }: Scope, names: number): boolean {
    return isWithin(this.#clusters, clusters, names) && isWithin(this.#applications, applications, names);
  }

  add({ id, ...message }: OutboxRow, { clusters, applications }: Scope): void {
    const { traceparent = this.#newest.payload.traceparent } = message.payload;
    this.#newest = { ...message, payload: { ...message.payload, ...(traceparent && { traceparent }) } } as Message;
    this.#clusters = joined(this.#clusters, clusters);
    this.#applications = joined(this.#applications, applications);
    this.#ids.add(id);
  }

  parcel(): { readonly message: Message; readonly ids: readonly number[] } {
    const scope = {
      ...(this.#clusters && { clusters: [...this.#clusters] }),
      ...(this.#applications && { applications: [...this.#applications] }),
    };
    return { message: sayingOf(this.#newest, scope), ids: [...this.#ids] };
  }
}

function isWithin<T>(have: ReadonlySet<T> | undefined, more: readonly T[] | undefined, names: number): boolean {
  // Any and more is any.
  if (!have || !more || have.size + more.length <= names) return true;
  return have.size + more.filter((one) => !have.has(one)).length <= names;
}

/** What both name; any where one of them does. */
function joined<T>(have: Set<T> | undefined, more: readonly T[] | undefined): Set<T> | undefined {
  if (!have || !more) return undefined;
  for (const one of more) have.add(one);
  return have;
}
