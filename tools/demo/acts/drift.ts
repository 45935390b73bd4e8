import { until } from '@fairlead/testkit/kube';
import type { Stage } from '../stage.ts';
import { live, paths } from './shop.ts';

const editor = 'kubectl-edit';

/** Edits the Deployment in production by hand: the edit is undone, and told with field, values and manager. */
export async function undoEdit({ teller, planes, hub }: Stage): Promise<void> {
  const plane = planes['prod'];
  const replicas = (await live(plane, paths.deployment))?.spec.replicas as number;
  teller.command('kubectl --context prod -n shop edit deployment shop   # replicas: 7');
  const startedAt = performance.now();
  await plane.api.request('PATCH', `${paths.deployment}?fieldManager=${editor}`, {
    body: { spec: { replicas: 7 } },
    contentType: 'application/merge-patch+json',
  });
  await until(async () => (await live(plane, paths.deployment))?.spec.replicas === replicas, {
    what: `the Deployment to ask for ${replicas} replicas again`,
    timeoutMs: 10_000,
    pollMs: 5,
  });
  teller.figure(`edited Deployment asks for ${replicas} replicas again`, {
    valueMs: performance.now() - startedAt,
    belowMs: 1_000,
  });
  const row = await until(
    async () => {
      const { items } = await hub.call('listDrift', { query: { cluster: 'prod', application: 'default/shop' } });
      return items.find((item) => item.pointer === '/spec/replicas');
    },
    { what: 'the hub to tell the drift of /spec/replicas in prod', timeoutMs: 10_000 },
  );
  const took = row.tookMs === undefined ? '' : ` in ${Math.round(row.tookMs)} ms by the clock of the agent`;
  teller.fact(
    `${row.object}${row.pointer}: wanted ${row.wanted}, found ${row.found}, by ${row.manager}, ${row.outcome}${took}`,
  );
  teller.expect(
    'field, wanted, found and the other manager are told',
    row.wanted === String(replicas) && row.found === '7' && row.manager === editor && row.outcome === 'Corrected',
  );
}
