import { clusters, type Stage } from '../stage.ts';

/** How to look around while the demo stays up. */
export function tellWays({ teller, git, cli, planes }: Stage): void {
  const kubeconfigs = clusters.map(
    ({ name }) => `  ${name.padEnd(11)}  export KUBECONFIG=${planes[name].kubeconfigPath}`,
  );
  teller.note(`
Everything stays up until Ctrl-C. To look around, in another terminal, in this folder:

  export XDG_CONFIG_HOME=${cli.configHome}
  alias fairlead="$PWD/node_modules/.bin/node $PWD/dist/cli/main.mjs"
  fairlead status
  fairlead history shop
  fairlead rollouts shop prod
  fairlead drift
  fairlead events --follow

The repositories, to clone and push to (the hub hears of each push):

  git clone ${git.urlOf('fleet')}
  git clone ${git.urlOf('shop')}

The clusters, for kubectl:

${kubeconfigs.join('\n')}

  kubectl get deliveries -A              what the agent thinks of each application
  kubectl -n shop get events             what it did, told beside the objects
`);
}
