import type { Register } from '../../cli.ts';
import { registerClusterJoin } from './join.ts';
import { registerClusterList } from './list.ts';
import { registerClusterRemove } from './remove.ts';

/** `fairlead cluster join|list|remove`. */
export const registerCluster: Register = (program, cli) => {
  const cluster = program.command('cluster').description('members of the fleet');
  for (const register of [registerClusterJoin, registerClusterList, registerClusterRemove]) register(cluster, cli);
};
