import { asFairleadError, splitApplicationId, type ApplicationId, type KubeObject } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { ClusterApi, ResourceKind } from '@fairlead/ports/cluster';
import type { LoopStatus } from '../hub/reporter.ts';
import type { AgentLog } from '../log.ts';
import { self } from '../state/chunks.ts';
import { createSpaced, type Written } from './spaced.ts';

/** What `kubectl get deliveries` shows of each application. */
export interface Deliveries {
  /** Undefined: the application has left. */
  show(application: ApplicationId, status: LoopStatus | undefined): void;
  /** Reads what is shown already, so that it is not written again, and takes away what is of none of these applications. Never throws. */
  tidy(applications: readonly ApplicationId[]): Promise<void>;
  stop(): void;
}

/** Options of {@link createDeliveries}. */
export interface DeliveriesOptions {
  readonly cluster: ClusterApi;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** The version for people of what the application should run. */
  readonly versionOf: (application: ApplicationId) => string;
}

const spacingMs = 1000;
const longestMessage = 4096;
/** As many as a cluster has applications at most. */
const mostDeliveries = 10_000;
/** Where the definition is missing, it is looked for again after this. */
const lookAgainMs = 30_000;

/** Writes Deliveries, at most once a second and application; without their definition it says so once and does nothing. */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { cluster, namespace, clock, log } = options;
  const shown = new Map<ApplicationId, string>();
  let missingUntilMs = 0;
  const kind = async (): Promise<ResourceKind | undefined> => {
    if (clock.now() < missingUntilMs) return undefined;
    const found = await cluster.preferredKind('fairlead.dev', 'Delivery');
    if (found) return found;
    if (missingUntilMs === 0)
      log.info('deliveries.off', { why: 'the CustomResourceDefinition deliveries.fairlead.dev is not installed' });
    missingUntilMs = clock.now() + lookAgainMs;
    return undefined;
  };
  const put = async (application: ApplicationId, status: LoopStatus | undefined): Promise<Written> => {
    const found = await kind();
    if (!found) return 'Done';
    const key = { namespace, name: nameOf(application) };
    if (!status) {
      shown.delete(application);
      await cluster.delete(found, key, { identity: self });
      return 'Done';
    }
    const fields = fieldsOf(status, options.versionOf(application));
    const text = JSON.stringify(fields);
    if (shown.get(application) === text) return 'Done';
    const body = { status: { ...fields, observedAt: new Date(clock.now()).toISOString() } };
    const how = { identity: self, type: 'merge', fieldManager: 'fairlead-agent', subresource: 'status' } as const;
    try {
      await cluster.patch(found, key, { body, options: how });
    } catch (thrown) {
      if (asFairleadError(thrown).code !== 'NotFound') throw thrown;
      // A status is not created with its object: it is the next write.
      await create(cluster, found, { key, application });
      return 'More';
    }
    shown.set(application, text);
    return 'Done';
  };
  const lines = createSpaced<{ status: LoopStatus | undefined }>({
    clock,
    spacingMs,
    most: 1,
    write: (application, { status }) =>
      put(application, status).catch((thrown: unknown) => {
        log.warn('delivery.unwritten', { application, error: asFairleadError(thrown).message });
        return 'Failed';
      }),
  });
  return {
    show: (application, status) => lines.push(application, { status }),
    stop: () => lines.stop(),
    tidy: (applications) =>
      tidy(applications).catch((thrown: unknown) =>
        log.warn('deliveries.untidy', { error: asFairleadError(thrown).message }),
      ),
  };

  async function tidy(applications: readonly ApplicationId[]): Promise<void> {
    const found = await kind();
    if (!found) return;
    const byName = new Map(applications.map((application) => [nameOf(application), application]));
    for (const delivery of await cluster.list(found, { namespace, limit: mostDeliveries })) {
      const { name = '' } = delivery.metadata;
      const application = byName.get(name);
      if (application === undefined) await cluster.delete(found, { namespace, name }, { identity: self });
      else if (!shown.has(application)) shown.set(application, shownText(delivery));
    }
  }
}

function create(
  cluster: ClusterApi,
  kind: ResourceKind,
  about: { key: { namespace: string; name: string }; application: ApplicationId },
): Promise<unknown> {
  const object = {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: about.key,
    spec: { application: about.application },
  };
  return cluster.create(object, { identity: self });
}

/** `TEAM.NAME`: both are labels, so this is a name of its own for each application. */
function nameOf(application: ApplicationId): string {
  const { team, name } = splitApplicationId(application);
  return `${team}.${name}`;
}

/** What a Delivery shows, in the form in which it is remembered. */
function shownText({ status }: KubeObject): string {
  const shown = (status ?? {}) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(fieldNames.map((name) => [name, shown[name]])));
}

const fieldNames = [
  'release',
  'version',
  'sync',
  'health',
  'drift',
  'reason',
  'message',
  'objects',
  'healthyObjects',
] as const;

function fieldsOf(status: LoopStatus, version: string): Record<(typeof fieldNames)[number], string | number> {
  const { release, sync, health, drift, reason, objects, healthyObjects } = status;
  return {
    release,
    version,
    sync,
    health,
    drift,
    reason,
    message: status.message.slice(0, longestMessage),
    objects,
    healthyObjects,
  };
}
