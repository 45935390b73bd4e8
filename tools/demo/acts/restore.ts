import { until } from '@fairlead/testkit/kube';
import type { Stage } from '../stage.ts';
import { live, paths } from './shop.ts';

/** Deletes the Service in production by hand and measures, at the API server, how long it is gone. */
export async function restoreService({ teller, planes }: Stage): Promise<void> {
  const plane = planes['prod'];
  const uid = (await live(plane, paths.service))?.metadata.uid as string;
  teller.command('kubectl --context prod -n shop delete service shop');
  const startedAt = performance.now();
  await plane.api.delete(paths.service);
  const deletedAt = performance.now();
  const back = await until(
    async () => {
      const service = await live(plane, paths.service);
      return service !== undefined && service.metadata.uid !== uid ? service : undefined;
    },
    { what: 'the Service shop to be back in prod', timeoutMs: 10_000, pollMs: 5 },
  );
  const backAt = performance.now();
  teller.fact(`Service ${uid.slice(0, 8)} is gone; ${(back.metadata.uid as string).slice(0, 8)} is in its place`);
  teller.fact(`the API server took ${Math.round(deletedAt - startedAt)} ms to delete it`);
  teller.figure('deleted Service is back', { valueMs: backAt - startedAt, belowMs: 1_000 });
}
