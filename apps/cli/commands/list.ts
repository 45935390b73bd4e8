import type { Register } from '../cli.ts';
import { registerAcknowledge } from './acknowledge.ts';
import { registerApprove } from './approve.ts';
import { registerApps } from './apps.ts';
import { registerChangelog } from './changelog.ts';
import { registerCluster } from './cluster/cluster.ts';
import { registerDiff } from './diff.ts';
import { registerDrift } from './drift.ts';
import { registerEnvironments } from './environments.ts';
import { registerEvents } from './events.ts';
import { registerHistory } from './history.ts';
import { registerHold } from './hold.ts';
import { registerNats } from './nats/nats.ts';
import { registerPlan } from './plan.ts';
import { registerPromote } from './promote.ts';
import { registerRender } from './render.ts';
import { registerResume } from './resume.ts';
import { registerRollback } from './rollback.ts';
import { registerRollouts } from './rollouts.ts';
import { registerStatus } from './status.ts';
import { registerUp } from './up.ts';
import { registerValidate } from './validate.ts';
import { registerWhy } from './why.ts';

/** Every command, in the order of the help. */
export const commands: readonly Register[] = [
  registerUp,
  registerCluster,
  registerStatus,
  registerApps,
  registerEnvironments,
  registerRollouts,
  registerWhy,
  registerHistory,
  registerChangelog,
  registerDrift,
  registerDiff,
  registerEvents,
  registerPlan,
  registerPromote,
  registerApprove,
  registerRollback,
  registerHold,
  registerResume,
  registerAcknowledge,
  registerValidate,
  registerRender,
  registerNats,
];
