import { agentUserAgent, startRaw, type EngineStage } from './stage.ts';
import { isApplyIn, secondsOf, type Call } from './calls.ts';
import { objectsOf, type ObjectsAsk } from './objects.ts';
import { rawUserAgent, type RawAnswer, type ToRaw } from './protocol.ts';
import type { Child } from '../child.ts';

/** Calls in flight of the raw client: the server's own rate does not grow beyond it. */
export const rawInFlight = 64;

/** One of those who are measured against each other. */
export interface Side {
  /** Applies every object; objects a second, from the first PATCH to the last answer. Another revision changes each object. */
  apply(revision: number): Promise<number>;
  clear(): Promise<void>;
}

/** One application on the agent. */
export function agentSide(
  stage: EngineStage,
  by: { readonly name: string; readonly objects: Omit<ObjectsAsk, 'revision'> },
): Side {
  const { hub } = stage;
  const application = `bench/${by.name}`;
  return {
    async apply(revision) {
      await stage.calls.forget();
      await hub.give({ [application]: { namespace: by.name, objects: objectsOf({ ...by.objects, revision }) } });
      await hub.untilDone(application);
      return rateOf(stage, { namespace: by.name, by: agentUserAgent, count: by.objects.count });
    },
    async clear() {
      await hub.give({ [application]: undefined });
      await hub.untilDone(application);
    },
  };
}

/** The same by the raw client. */
export function rawSide(
  stage: EngineStage,
  by: {
    readonly raw: Child<ToRaw, RawAnswer>;
    readonly name: string;
    readonly objects: Omit<ObjectsAsk, 'revision'>;
  },
): Side {
  return {
    async apply(revision) {
      await stage.calls.forget();
      const objects = { ...by.objects, revision };
      await by.raw.ask({ do: 'apply', namespace: by.name, objects, inFlight: rawInFlight });
      return rateOf(stage, { namespace: by.name, by: rawUserAgent, count: objects.count });
    },
    clear: () => clear(stage, by.name),
  };
}

/** What one apply of one object takes when nothing else happens: ms of each. */
export async function rawPatchMs(stage: EngineStage, { count }: { readonly count: number }): Promise<number[]> {
  const raw = await startRaw(stage);
  const namespace = 'raw-alone';
  const objects = { shape: 'configMaps', count, revision: 1 } as const;
  await stage.calls.forget();
  await raw.ask({ do: 'apply', namespace, objects, inFlight: 1 });
  const made = await stage.calls.untilHeard(count, isObjectOf({ namespace, by: rawUserAgent }));
  await clear(stage, namespace);
  await raw.stop();
  return made.map(({ beganMs, endedMs }) => endedMs - beganMs);
}

/** Deletes what somebody else than the agent applied. */
export async function clear({ plane }: EngineStage, namespace: string): Promise<void> {
  for (const collection of [
    `/api/v1/namespaces/${namespace}/configmaps`,
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
  ])
    await plane.api.request('DELETE', collection, { timeoutMs: 120_000 });
}

/** Throws where another number of objects was applied, or one of them not. */
export async function rateOf(
  { calls }: EngineStage,
  of: { readonly namespace: string; readonly by: string; readonly count: number },
): Promise<number> {
  const meant = await calls.untilHeard(of.count, isObjectOf(of));
  const refused = meant.filter(({ code }) => code >= 300);
  if (meant.length !== of.count || refused.length > 0)
    throw new Error(`${of.by} made ${meant.length} applies of ${of.count}, ${refused.length} of them refused`);
  return of.count / secondsOf(meant);
}

function isObjectOf({ namespace, by }: { namespace: string; by: string }): (call: Call) => boolean {
  const isApply = isApplyIn(namespace, by);
  return (call) => isApply(call) && call.resource !== 'namespaces';
}
