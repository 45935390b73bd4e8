import { parseArgs } from 'node:util';
import { ensureBinaries, ensureTool } from '@fairlead/adapters/binaries';
import { createEndings, type Endings } from '@fairlead/testkit/process';
import { haltBrokenRelease } from './acts/broken.ts';
import { undoEdit } from './acts/drift.ts';
import { tellWays } from './acts/explore.ts';
import { restoreService } from './acts/restore.ts';
import { firstRelease, walkByPolling, walkByWebhook } from './acts/walk.ts';
import { ensureBundles } from './bundles.ts';
import { setTheStage, type Stage } from './stage.ts';
import { createTeller, type Teller } from './teller.ts';

const usage = `Usage: npm run demo [-- --check]

Four real control planes, a git server, the hub and its agents on this machine: a change walks through dev, staging,
canary and prod; hand-made changes are undone; a broken release halts. Stays up until Ctrl-C.

  --check   exit when it is over: 0 if everything was as it should be, 1 otherwise
`;

/** Fulfilled by the first signal that asks this process to end. */
function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('interrupted'));
  });
}

async function prepare(teller: Teller): Promise<void> {
  await ensureBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok']);
  await Promise.all([ensureTool('kustomize'), ensureTool('helm')]);
  if (await ensureBundles()) teller.fact('hub, agent and CLI are built');
}

async function play(teller: Teller, endings: Endings): Promise<Stage> {
  teller.act('Four clusters join');
  await prepare(teller);
  const stage = await setTheStage(teller, endings);
  const acts: readonly (readonly [string, (stage: Stage) => Promise<void>])[] = [
    ['The first release comes to every cluster', firstRelease],
    ['A commit walks through the environments, announced by a webhook', walkByWebhook],
    ['Another one, found by polling', walkByPolling],
    ['A Service is deleted by hand', restoreService],
    ['A Deployment is edited by hand', undoEdit],
    ['A release that never gets healthy', haltBrokenRelease],
  ];
  for (const [title, act] of acts) {
    teller.act(title);
    await act(stage);
  }
  return stage;
}

function close(teller: Teller): number {
  const { failures, expectations } = teller;
  teller.note(`\n${expectations - failures.length} of ${expectations} expectations held`);
  for (const failure of failures) teller.note(`  not so: ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

async function run(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  const teller = createTeller((text) => void process.stdout.write(text), { colours, now: () => performance.now() });
  const endings = createEndings();
  const interrupted = interruption();
  const alive = setInterval(() => {}, 2 ** 30); // the servers do not keep this process running
  try {
    const stage = await Promise.race([play(teller, endings), interrupted]);
    if (stage === 'interrupted') return 130;
    const code = close(teller);
    if (values.check) return code;
    tellWays(stage);
    await interrupted;
    return code;
  } finally {
    clearInterval(alive);
    await endings.stop();
  }
}

let exitCode = 1;
try {
  exitCode = await run();
} catch (error) {
  process.stderr.write(`\n${(error as Error).message}\n`);
}
process.exit(exitCode); // what was still starting when the interruption came ends with it
