import { openPlannerKeys } from '@fairlead/adapters/pki';
import { openFleet } from '@fairlead/roles/fleet';
import { openGround } from '@fairlead/roles/ground';
import type { Settings } from '@fairlead/roles/settings';
import type { Running } from '@fairlead/roles/program';
import { askRendering, releasesFrom, sourceState } from '@fairlead/shell/sources';
import { startPlannerRole } from './compose.ts';

/** The planner alone. Of the keys it needs `signing-N.key`. */
export async function startPlannerProgram(settings: Settings): Promise<Running> {
  const signer = await openPlannerKeys(settings.keysFolder);
  const ground = await openGround({ program: 'planner', ...settings });
  const { store } = ground;
  const fleet = await openFleet(settings, store);
  const rendering = askRendering(ground);
  const releases = releasesFrom({ state: (key) => sourceState(store, key), rendering });
  const role = startPlannerRole(ground, { settings, fleet, signer, releases });
  ground.log.info({ instance: ground.instance }, 'the planner has started');
  ground.observing.started();
  return {
    ready: { instance: ground.instance, ...ground.observing.where },
    async close() {
      await role.close();
      rendering.close();
      fleet.close();
      await ground.close();
    },
  };
}
