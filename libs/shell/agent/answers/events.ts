import { fitting, shortened } from '@fairlead/core/answers';
import {
  groupOf,
  keyText,
  mostAnswerBytes,
  redacted,
  type ClusterEvent,
  type EventsAnswer,
  type KubeObject,
  type ObjectKey,
} from '@fairlead/core/model';
import type { ResourceKind } from '@fairlead/ports/cluster';
import { asWhoMay, type Desk, type Subject } from './desk.ts';
import { growTree, type Grown } from './tree.ts';
import { placesOf } from './within.ts';

/** Bounds of one look at Events. */
const bounds = { listed: 2000, shown: 200, namespaces: 20, messageChars: 1024 };

const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  namespaced: true,
  verbs: [],
};

/** The answer to a Query for Events: of one object and what it owns, or of all that the application has; newest first. */
export async function answerEvents(desk: Desk, subject: Subject, key?: ObjectKey): Promise<EventsAnswer> {
  // What the application itself brought is looked at alone: a tree has bounds.
  const own = key && subject.items.filter(({ text }) => text === keyText(key));
  const tree = await growTree(desk, own?.length ? { ...subject, items: own } : subject);
  const places = placesOf(tree, subject, key);
  const ids = new Set(places.flatMap(({ uid }) => uid ?? []));
  const names = new Set(places.map(({ node }) => node.object));
  const { events, notes } = await readEvents(desk, { subject, places });
  const about = events
    .filter((event) => {
      const regarding = (event['regarding'] ?? {}) as Regarding;
      // Not everybody who writes Events knows the UID.
      return regarding.uid === undefined ? names.has(nameOf(regarding)) : ids.has(regarding.uid);
    })
    .map(eventOf)
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const shown = fitting(about.slice(0, bounds.shown), mostAnswerBytes - 8192);
  const left = about.length - shown.length;
  return {
    application: subject.application,
    events: [...shown],
    notes: [...tree.notes, ...notes, ...(left > 0 ? [`${left} older Events are not shown.`] : [])],
  };
}

interface Regarding {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
}

function nameOf({ apiVersion = '', kind = '', namespace = '', name = '' }: Regarding): string {
  return keyText({ group: groupOf(apiVersion), kind, namespace, name });
}

async function readEvents(
  desk: Desk,
  { subject, places }: { subject: Subject; places: Grown['places'] },
): Promise<{ events: KubeObject[]; notes: string[] }> {
  // Those of cluster-scoped objects lie in `default`.
  const namespaces = [...new Set(places.map(({ node }) => node.object.split('/')[2] || 'default'))].sort();
  const notes: string[] = [];
  const events: KubeObject[] = [];
  if (namespaces.length > bounds.namespaces)
    notes.push(`Only ${bounds.namespaces} of ${namespaces.length} namespaces were looked at.`);
  for (const namespace of namespaces.slice(0, bounds.namespaces)) {
    const found = await asWhoMay(desk, subject.readers, (identity) =>
      desk.ground.cluster.list(eventKind, { namespace, identity, limit: bounds.listed }),
    );
    if (found.length === bounds.listed) notes.push(`Only ${bounds.listed} Events in ${namespace} were looked at.`);
    events.push(...found);
  }
  return { events, notes };
}

/** An Event as either API writes it. */
interface EventFields {
  readonly note?: string;
  readonly type?: string;
  readonly reason?: string;
  readonly eventTime?: string | null;
  readonly reportingController?: string;
  readonly deprecatedCount?: number;
  readonly deprecatedLastTimestamp?: string | null;
  readonly deprecatedSource?: { readonly component?: string };
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
}

function eventOf(object: KubeObject): ClusterEvent {
  const event = object as unknown as EventFields;
  const { series, eventTime, deprecatedLastTimestamp } = event;
  return {
    object: nameOf(object['regarding'] ?? {}),
    type: (event.type ?? '').slice(0, 64),
    reason: (event.reason ?? '').slice(0, 256),
    message: shortened(redacted(event.note ?? ''), bounds.messageChars),
    at: series?.lastObservedTime ?? eventTime ?? deprecatedLastTimestamp ?? object.metadata.creationTimestamp ?? '',
    count: series?.count ?? event.deprecatedCount ?? 1,
    source: (event.reportingController || event.deprecatedSource?.component || '').slice(0, 256),
  };
}
