import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createCli,
  createHubClient,
  readExample,
  startAgent,
  untilConnected,
  type Cli,
  type HubClient,
} from '@fairlead/testkit/fleet';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import { removeFolderAtEnd, type Endings } from '@fairlead/testkit/process';
import type { Teller } from './teller.ts';

/** The clusters of the demo, in the order of the pipeline. */
export const clusters = [
  { name: 'dev', labels: 'env=dev' },
  { name: 'staging', labels: 'env=staging' },
  { name: 'prod-canary', labels: 'env=prod,tier=canary' },
  { name: 'prod', labels: 'env=prod' },
] as const;

/** Name of a cluster of the demo. */
export type DemoCluster = (typeof clusters)[number]['name'];

/** Everything that the acts play on. */
export interface Stage {
  readonly teller: Teller;
  readonly git: GitServer;
  readonly cli: Cli;
  readonly hub: HubClient;
  readonly planes: Readonly<Record<DemoCluster, ControlPlane>>;
  /** Whether the git server announces pushes to the hub. */
  webhook: boolean;
}

async function startPlanes(endings: Endings): Promise<Record<DemoCluster, ControlPlane>> {
  const booting = clusters.map(({ name }) => startControlPlane({ name, controllers: true, kwok: true }));
  for (const boot of booting)
    endings.add(() =>
      boot.then(
        (plane) => plane.stop(),
        () => undefined,
      ),
    );
  const planes = await Promise.all(booting);
  return Object.fromEntries(planes.map((plane) => [plane.name, plane])) as Record<DemoCluster, ControlPlane>;
}

async function startGit(endings: Endings): Promise<GitServer> {
  const git = endings.of(await startGitServer());
  for (const name of ['fleet', 'shop'] as const) {
    await git.createRepository(name);
    await git.commit(name, { files: await readExample(name, git.url), message: `Begin ${name}` });
  }
  return git;
}

async function join4(
  parts: Pick<Stage, 'teller' | 'cli' | 'hub' | 'planes'> & { api: string; folder: string },
  endings: Endings,
): Promise<void> {
  const { teller, cli, hub, planes, api, folder } = parts;
  for (const { name, labels } of clusters) {
    const startedAt = performance.now();
    const plane = planes[name];
    teller.command(`fairlead cluster join ${name} --labels ${labels} --kubeconfig ${name}.kubeconfig`);
    await cli.must('cluster', 'join', name, '--labels', labels, '--kubeconfig', plane.kubeconfigPath, '--no-wait');
    const agentFolder = join(folder, name);
    await mkdir(agentFolder, { mode: 0o700 });
    endings.of(await startAgent({ plane, folder: agentFolder }));
    await untilConnected({ client: hub }, name);
    teller.fact(`${name} is a member: its agent dialled ${api} ${Math.round(performance.now() - startedAt)} ms later`);
  }
}

/** Starts control planes, git, hub and agents, and tells it. */
export async function setTheStage(teller: Teller, endings: Endings): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-demo-'));
  removeFolderAtEnd(folder);
  endings.add(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const [git, planes] = await Promise.all([startGit(endings), startPlanes(endings)]);
  const { gitVersion } = await planes.dev.api.get('/version');
  teller.fact(`${clusters.map(({ name }) => name).join(', ')}: four control planes of Kubernetes ${gitVersion}`);
  teller.fact(`${git.url}: a git server with the repositories fleet and shop of examples/`);

  const cli = createCli(folder);
  const dataDir = join(folder, 'hub');
  teller.command(`fairlead up --fleet ${git.urlOf('fleet')}`);
  const up = await cli.up({ fleetUrl: git.urlOf('fleet'), dataDir });
  endings.add(() => up.stop({ graceMs: 10_000 }));
  const api = await serverOf(cli);
  const hub = await createHubClient({ api, dataDir });
  endings.add(() => Promise.resolve(hub.close()));
  teller.fact(`the hub answers at ${api}`);
  await join4({ teller, cli, hub, planes, api, folder }, endings);

  const stage: Stage = { teller, git, cli, hub, planes, webhook: true };
  git.onRefUpdate(({ repository }) => {
    if (!stage.webhook) return;
    hub.webhook(git.urlOf(repository)).catch((error: Error) => teller.expect(`webhook: ${error.message}`, false));
  });
  return stage;
}

async function serverOf(cli: Cli): Promise<string> {
  const config = JSON.parse(await readFile(join(cli.configHome, 'fairlead', 'config.json'), 'utf8')) as {
    profiles: Record<string, { server: string }>;
  };
  const server = config.profiles['default']?.server;
  if (server === undefined) throw new Error('Cannot find the hub: `fairlead up` wrote no profile `default`');
  return server;
}
