import { inputTroublePrefix } from '@fairlead/core/rollout';
import { expect, test } from 'vitest';
import type { ApplicationId } from '@fairlead/core/model';
import { memoryStore } from '@fairlead/ports/store';
import { inputProblems } from './inputs.ts';
import type { ReadPorts } from './ports.ts';

const shop = 'web/shop' as ApplicationId;

/** Facts as the planner keeps them; git defines web/shop for dev only. */
async function ports(): Promise<ReadPorts> {
  const store = memoryStore();
  const trouble = { reason: 'RenderEmpty', message: 'Nothing is left.' };
  for (const [environment, application] of [
    ['dev', shop],
    ['prod', shop],
    ['dev', 'web/gone'],
  ] as const) {
    const key = `${inputTroublePrefix}${environment}/${application}`;
    await store.write([{ put: 'fact', key, value: { ...trouble, application, environment } }]);
  }
  const applications = new Map([[shop, { spec: { pipeline: [{ environment: 'dev' }] } }]]);
  return { store, fleet: () => ({ documents: { applications } }) } as unknown as ReadPorts;
}

test('what cannot be rendered is a problem of the application, where git still leads it there', async () => {
  const found = { reason: 'RenderEmpty', message: 'Nothing is left.', application: 'web/shop', environment: 'dev' };
  expect(await inputProblems(await ports())).toEqual([found]);
  expect(await inputProblems(await ports(), shop)).toEqual([found]);
});

test('an application that git does not define has none', async () => {
  expect(await inputProblems(await ports(), 'web/gone' as ApplicationId)).toEqual([]);
});
