import {
  FairleadError,
  keyText,
  type ApplicationId,
  type BundleIndex,
  type DesiredEntry,
  type KubeObject,
  type ObjectKey,
} from '@fairlead/core/model';
import type { Identity, ResourceKind } from '@fairlead/ports/cluster';
import type { Crew } from '../crew.ts';
import { accountOf, type Ground } from '../loop/ground.ts';
import type { Item } from '../loop/item.ts';
import { refusalOf } from '../policy.ts';
import { self } from '../state/chunks.ts';

/** What questions are answered from. */
export interface Desk {
  /** Its pace is the one of answers. */
  readonly ground: Ground;
  readonly crew: Pick<Crew, 'loop'>;
}

/** An application as it is in this cluster. */
export interface Subject {
  readonly application: ApplicationId;
  readonly items: readonly Readonly<Item>[];
  /** Undefined where the hub wants nothing of it here any more. */
  readonly assigned: { readonly entry: DesiredEntry; readonly index: BundleIndex } | undefined;
  /** Who may read for it, the agent itself first. */
  readonly readers: readonly Identity[];
}

/** Finds an application. Throws NotFound where this cluster has nothing of it. */
export async function subjectOf({ ground, crew }: Desk, application: ApplicationId): Promise<Subject> {
  const entry = ground.state.accepted?.entries.find((each) => each.application === application);
  const loop = crew.loop(application);
  if (entry === undefined && loop === undefined)
    throw new FairleadError(
      `Cannot look at ${application}: nothing of it is in this cluster. See \`fairlead status\` for where it runs.`,
      { code: 'NotFound', reason: 'NotFound', subject: { application } },
    );
  const index = entry && (await ground.state.index(entry.bundle));
  return {
    application,
    items: loop?.items() ?? [],
    assigned: entry && index && { entry, index },
    readers: index === undefined ? [self] : readersFor(ground, index, application),
  };
}

/** The agent, and the application's account unless the owner of the cluster forbids it. */
function readersFor(ground: Ground, { serviceAccount }: BundleIndex, application: ApplicationId): readonly Identity[] {
  try {
    return [self, accountOf(serviceAccount, ground, application)];
  } catch {
    return [self];
  }
}

/** Reads as the agent, and where its rights do not reach as the application; behind all other work. */
export async function asWhoMay<Result>(
  { ground }: Pick<Desk, 'ground'>,
  readers: readonly Identity[],
  read: (identity: Identity) => Promise<Result>,
): Promise<Result> {
  for (const [nth, identity] of readers.entries()) {
    try {
      return await ground.pace.run('bulk', () => read(identity));
    } catch (error) {
      const isForbidden = error instanceof FairleadError && error.reason === 'Forbidden';
      if (!isForbidden || nth + 1 === readers.length) throw error;
    }
  }
  throw new TypeError('there is nobody to read as');
}

/** Reads one whole object; undefined where it does not exist. */
export function readObject(
  desk: Pick<Desk, 'ground'>,
  kind: ResourceKind,
  by: { readonly key: ObjectKey; readonly readers: readonly Identity[] },
): Promise<KubeObject | undefined> {
  return asWhoMay(desk, by.readers, (identity) => desk.ground.cluster.get(kind, by.key, { identity }));
}

const everything = { namespaces: [], allowKinds: [], denyKinds: [] };

/** Why the cluster's owner does not want an object shown; undefined where nothing is against it. */
export function hiddenBecause({ ground }: Pick<Desk, 'ground'>, key: ObjectKey): string | undefined {
  const refusal = refusalOf(key, keyText(key), {
    application: '' as ApplicationId,
    team: everything,
    policy: ground.policy(),
    namespace: ground.namespace,
    installed: ground.installed,
  });
  return refusal?.message.replace('Cannot apply', 'Cannot show');
}
