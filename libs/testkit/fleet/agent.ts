import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane, LiveObject } from '@fairlead/testkit/kube';
import { startProcess, type ServerProcess } from '@fairlead/testkit/process';
import { programEnvironment, programPath } from './programs.ts';

/** Options of {@link startAgent}. */
export interface AgentOptions {
  readonly plane: ControlPlane;
  /** What a Pod would have mounted goes here, and the log. */
  readonly folder: string;
  /** The agent's namespace; that of the install manifest by default. */
  readonly namespace?: string;
  /** Arguments of Node before the program, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
}

/** An agent beside its API server. */
export interface AgentProcess {
  readonly logFile: string;
  readonly kubeconfigPath: string;
  /** Of the process that runs, or ran last. */
  readonly pid: number;
  isRunning(): boolean;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL where that does not end it in 10 s. */
  stop(): Promise<void>;
  /** Starts it again, as a Pod that takes the place of another: with what the cluster holds, and nothing else. */
  start(): Promise<void>;
}

const tokenLifeSeconds = 24 * 60 * 60;
const graceMs = 10_000;
const mountPath = '/var/run/fairlead/join';

interface Workload {
  readonly serviceAccount: string;
  readonly env: readonly { name: string; value?: string; valueFrom?: unknown }[];
  /** The join Secret's files, by name; none once it is gone. */
  readonly join: Readonly<Record<string, string>>;
}

async function readWorkload(plane: ControlPlane, namespace: string): Promise<Workload> {
  const deployment: LiveObject = await plane.api.get(
    `/apis/apps/v1/namespaces/${namespace}/deployments/fairlead-agent`,
  );
  const pod = deployment.spec.template.spec;
  const { secretName } = pod.volumes.find((volume: LiveObject) => volume.name === 'join').secret;
  const secret: LiveObject = await plane.api.get(`/api/v1/namespaces/${namespace}/secrets/${secretName}`);
  return { serviceAccount: pod.serviceAccountName, env: pod.containers[0].env, join: secret.data ?? {} };
}

/** Lays out what the kubelet would: files of the Secret, the account's token, the environment of the container. */
async function layOut(options: AgentOptions): Promise<{ env: Record<string, string>; kubeconfigPath: string }> {
  const { plane, folder, namespace = 'fairlead-system' } = options;
  const workload = await readWorkload(plane, namespace);
  await mkdir(join(folder, 'join'), { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(workload.join)) {
    await writeFile(join(folder, 'join', name), Buffer.from(value, 'base64'), { mode: 0o600 });
  }
  const kubeconfigPath = join(folder, 'kubeconfig');
  const token = await plane.serviceAccountToken(namespace, workload.serviceAccount, {
    expirationSeconds: tokenLifeSeconds,
  });
  await plane.writeKubeconfig(kubeconfigPath, { token });
  const values = workload.env.map(({ name, value }) => [
    name,
    value === undefined ? namespace : value.replace(mountPath, join(folder, 'join')),
  ]);
  return { env: { ...Object.fromEntries(values), KUBECONFIG: kubeconfigPath }, kubeconfigPath };
}

/**
 * Plays the kubelet for the agent's Deployment: reads it and the join Secret from the cluster, and runs the bundled
 * agent with exactly that, signed in as the service account of the install manifest. No other credential reaches it.
 */
export async function startAgent(options: AgentOptions): Promise<AgentProcess> {
  const logFile = join(options.folder, 'agent.log');
  const { env, kubeconfigPath } = await layOut(options);
  const launch = (): Promise<ServerProcess> =>
    startProcess({
      name: `agent of ${options.plane.name}`,
      file: process.execPath,
      arguments: [...(options.nodeArguments ?? []), programPath('agent')],
      logFile,
      env: programEnvironment(env),
    });
  let running = await launch();
  return {
    logFile,
    kubeconfigPath,
    get pid() {
      return running.pid;
    },
    isRunning: () => running.isRunning(),
    kill: () => running.stop(),
    stop: () => running.stop({ graceMs }),
    async start() {
      running = await launch();
    },
  };
}
