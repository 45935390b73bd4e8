import { agentUserAgent, startRaw, type EngineStage } from './stage.ts';
import { isApplyIn, secondsOf, type Call } from './calls.ts';
import { objectsOf, type ObjectsAsk } from './objects.ts';
import { rawUserAgent, type RawAnswer, type ToRaw } from './protocol.ts';
import type { Child } from '../child.ts';

/** Calls in flight of the raw client: the server's own rate does not grow beyond it. */
export const rawInFlight = 64;

/** Objects a second, from the first PATCH to the last answer, of a first install and then of a change of every object. */
export interface Rates {
  readonly install: number;
  readonly change: number;
}

/** One application on the agent, from nothing to nothing. */
export async function agentRound(
  stage: EngineStage,
  by: { readonly name: string; readonly objects: Omit<ObjectsAsk, 'revision'> },
): Promise<Rates> {
  const { hub } = stage;
  const application = `bench/${by.name}`;
  const rate = async (revision: number): Promise<number> => {
    await stage.calls.forget();
    await hub.give({ [application]: { namespace: by.name, objects: objectsOf({ ...by.objects, revision }) } });
    await hub.untilDone(application);
    return rateOf(stage, { namespace: by.name, by: agentUserAgent, count: by.objects.count });
  };
  const install = await rate(1);
  const change = await rate(2);
  await hub.give({ [application]: undefined });
  await hub.untilDone(application);
  return { install, change };
}

/** The same by the raw client. */
export async function rawRound(
  stage: EngineStage,
  by: {
    readonly raw: Child<ToRaw, RawAnswer>;
    readonly name: string;
    readonly objects: Omit<ObjectsAsk, 'revision'>;
  },
): Promise<Rates> {
  const rate = async (revision: number): Promise<number> => {
    await stage.calls.forget();
    const objects = { ...by.objects, revision };
    await by.raw.ask({ do: 'apply', namespace: by.name, objects, inFlight: rawInFlight });
    return rateOf(stage, { namespace: by.name, by: rawUserAgent, count: objects.count });
  };
  const rates = { install: await rate(1), change: await rate(2) };
  await clear(stage, by.name);
  return rates;
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
