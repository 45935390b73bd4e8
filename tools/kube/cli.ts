import { type ControlPlane, startControlPlane } from '@fairlead/testkit/kube';
import { binaryNames, ensureBinaries, ensureBinary, isBinaryName } from '@fairlead/adapters/binaries';

const usage = `Usage: npm run kube -- COMMAND

  up [COUNT]      start COUNT clusters (1) with controllers and fake nodes, until Ctrl-C
  binaries        fetch or build every program into the user's cache folder
  bin NAME        the same for one, and print its path
                  (${binaryNames.join(', ')})
`;

const mostClusters = 20;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Fulfilled by the first signal that asks this process to end. */
function interruption(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
}

async function startAll(count: number): Promise<ControlPlane[]> {
  const names = Array.from({ length: count }, (_, n) => `cluster-${n + 1}`);
  const started = await Promise.allSettled(
    names.map((name) => startControlPlane({ name, controllers: true, kwok: true })),
  );
  const clusters = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = started.find((result) => result.status === 'rejected');
  if (!failure) return clusters;
  await Promise.all(clusters.map((cluster) => cluster.stop()));
  throw failure.reason;
}

async function up(count: number): Promise<number> {
  const interrupted = interruption();
  await ensureBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok']);
  const startedAt = Date.now();
  const clusters = await Promise.race([startAll(count), interrupted]);
  if (typeof clusters === 'string') return 130; // what was started so far ends with this process
  for (const cluster of clusters)
    print(`${cluster.name}  ${cluster.server}  export KUBECONFIG=${cluster.kubeconfigPath}`);
  print(
    `${count} started in ${((Date.now() - startedAt) / 1000).toFixed(1)} s; Ctrl-C ends them and removes their files`,
  );
  const alive = setInterval(() => {}, 2 ** 30); // the servers do not keep this process running
  await interrupted;
  clearInterval(alive);
  await Promise.all(clusters.map((cluster) => cluster.stop()));
  return 0;
}

async function binaries(): Promise<number> {
  const paths = await ensureBinaries(binaryNames);
  for (const name of binaryNames) print(`${name.padEnd(24)} ${paths[name]}`);
  return 0;
}

async function run(words: readonly string[]): Promise<number> {
  const [command, argument] = words;
  const count = Number(argument ?? '1');
  if (command === 'up' && Number.isInteger(count) && count >= 1 && count <= mostClusters) return up(count);
  if (command === 'binaries') return binaries();
  if (command === 'bin' && argument !== undefined && isBinaryName(argument)) {
    print(await ensureBinary(argument));
    return 0;
  }
  process.stderr.write(usage);
  return 2;
}

let exitCode = 1;
try {
  exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
}
process.exit(exitCode); // clusters that were still starting when the interruption came end with it
