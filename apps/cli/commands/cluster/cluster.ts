import type { Register } from '../../cli.ts';
import { registerClusterFreeze, registerClusterThaw } from './freeze.ts';
import { registerClusterJoin } from './join.ts';
import { registerClusterList } from './list.ts';
import { registerClusterRemove } from './remove.ts';

/** `fairlead cluster join|list|freeze|thaw|remove`. */
export const registerCluster: Register = (program, cli) => {
  const cluster = program.command('cluster').description('members of the fleet');
  const commands = [
    registerClusterJoin,
    registerClusterList,
    registerClusterFreeze,
    registerClusterThaw,
    registerClusterRemove,
  ];
  for (const register of commands) register(cluster, cli);
};
