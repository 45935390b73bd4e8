import { FairleadError } from '@fairlead/core/model';
import type { RolloutView } from '@fairlead/wire/rest';
import type { HubClient } from './client.ts';

/** The rollout of one application in one environment; throws NotFound. */
export async function findRollout(
  hub: HubClient,
  target: { readonly application: string; readonly environment: string },
): Promise<RolloutView> {
  const found = await hub.list('listRollouts', target);
  const rollout = found.find((one) => one.application === target.application && one.environment === target.environment);
  if (rollout) return rollout;
  throw new FairleadError(
    `Cannot find ${target.application} in ${target.environment}: nothing of it was promoted there. See \`fairlead apps\` for the pipelines.`,
    { code: 'NotFound', reason: 'NotFound', subject: target },
  );
}
