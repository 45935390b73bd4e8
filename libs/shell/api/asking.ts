import {
  asFairleadError,
  errorOf,
  eventsAnswer,
  FairleadError,
  objectAnswer,
  parseReply,
  planAnswer,
  treeAnswer,
  type ApplicationId,
  type Asking,
  type ClusterName,
  type Digest,
  type EventsAnswer,
  type ObjectAnswer,
  type PlanAnswer,
  type Question,
  type Reply,
  type TreeAnswer,
} from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { ReadPorts } from './ports.ts';

/** What questions to clusters go by. */
export type AskPorts = ReadPorts & { readonly bus: Pick<Bus, 'ask'> };

/** What is asked of one cluster. */
export interface Asked {
  readonly cluster: string;
  readonly application: ApplicationId;
  /** GROUP/KIND/NAMESPACE/NAME. */
  readonly object?: string | undefined;
}

/** How long agents are waited for; a plan tries every object of a bundle. */
const patienceMs: Readonly<Record<Asking, number>> = {
  Tree: 22_000,
  Object: 22_000,
  Events: 22_000,
  Diff: 110_000,
  Plan: 110_000,
};
/** The gateway tells by itself that an agent is late; only a gateway that is gone is later. */
const marginMs = 3_000;

/** The live objects of an application in a cluster, and what they own. Throws `FairleadError`, as the others here do. */
export function getTree(ports: AskPorts, asked: Asked): Promise<TreeAnswer> {
  return ask(ports, asked, { asking: 'Tree', read: (json) => treeAnswer.parse(json) });
}

/** One live object. */
export function getObject(ports: AskPorts, asked: Asked): Promise<ObjectAnswer> {
  return ask(ports, asked, { asking: 'Object', read: (json) => objectAnswer.parse(json) });
}

/** How live objects differ from what the application is to run there. */
export function getDiff(ports: AskPorts, asked: Asked): Promise<PlanAnswer> {
  return ask(ports, asked, { asking: 'Diff', read: (json) => planAnswer.parse(json) });
}

/** What Kubernetes tells of objects. */
export function getClusterEvents(ports: AskPorts, asked: Asked): Promise<EventsAnswer> {
  return ask(ports, asked, { asking: 'Events', read: (json) => eventsAnswer.parse(json) });
}

/** What a bundle would change. */
export function askPlan(ports: AskPorts, asked: Asked & { readonly bundle: Digest }): Promise<PlanAnswer> {
  return ask(ports, asked, { asking: 'Plan', read: (json) => planAnswer.parse(json) });
}

/** Asks the gateway that holds the cluster's stream; where it went to another one meanwhile, that one, once. */
async function ask<Answer>(
  ports: AskPorts,
  about: Asked & { readonly bundle?: Digest },
  { asking, read }: { readonly asking: Asking; readonly read: (json: unknown) => Answer },
): Promise<Answer> {
  const { application, object, bundle } = about;
  const cluster = about.cluster as ClusterName;
  const withinMs = patienceMs[asking];
  const question: Question = { cluster, asking, application, object, bundle, withinMs };
  let reply: Reply | undefined;
  let asked: string | undefined;
  for (let tries = 0; tries < 2 && (reply === undefined || hasMoved(reply)); tries += 1) {
    const gateway = await gatewayOf(ports, cluster);
    if (gateway === asked) break;
    asked = gateway;
    reply = await put(ports, { gateway, question });
  }
  if (reply === undefined) throw unreached(cluster, 'its gateway is gone');
  if ('problem' in reply) throw errorOf(reply.problem);
  try {
    return read(JSON.parse(reply.result));
  } catch (cause) {
    throw unreached(cluster, 'its agent answers in another form than this hub knows', cause);
  }
}

/** Undefined where the gateway is gone. */
async function put(
  { bus }: AskPorts,
  { gateway, question }: { readonly gateway: string; readonly question: Question },
): Promise<Reply | undefined> {
  try {
    const within = { withinMs: question.withinMs + marginMs };
    return parseReply(await bus.ask(gateway, JSON.stringify(question), within));
  } catch (thrown) {
    if (asFairleadError(thrown).code === 'NotFound') return undefined;
    throw thrown;
  }
}

function hasMoved(reply: Reply): boolean {
  return 'problem' in reply && reply.problem.reason === 'ClusterSilent' && reply.problem.code === 'Unavailable';
}

const reasonOf = {
  Connected: 'ClusterSilent',
  Silent: 'ClusterSilent',
  Lost: 'ClusterLost',
  Never: 'NeverConnected',
} as const;

/** The instance that holds the stream. Throws NotAMember, and why nobody can be asked. */
async function gatewayOf(ports: AskPorts, cluster: ClusterName): Promise<string> {
  if (!ports.fleet()?.ledger.members.has(cluster))
    throw new FairleadError(`Cannot ask ${cluster}: the ledger names no such member. See \`fairlead cluster list\`.`, {
      code: 'NotFound',
      reason: 'NotAMember',
      subject: { cluster },
    });
  const [row] = await ports.store.clusters({ names: [cluster] });
  if (row?.connected && row.gateway !== undefined) return row.gateway;
  const connection = ports.connection(row);
  throw new FairleadError(
    `Cannot ask ${cluster}: it has no stream to the hub now (${connection}). See \`fairlead cluster list\`.`,
    { code: 'FailedPrecondition', reason: reasonOf[connection], subject: { cluster } },
  );
}

function unreached(cluster: ClusterName, why: string, cause?: unknown): FairleadError {
  return new FairleadError(`Cannot ask ${cluster}: ${why}. Ask again, or see \`fairlead cluster list\`.`, {
    code: 'Unavailable',
    reason: 'ClusterSilent',
    subject: { cluster },
    cause,
  });
}
