import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromKubeconfig } from '@fairlead/adapters/kube';
import { agentInstallManifest } from '@fairlead/core/install';
import type { ClusterName } from '@fairlead/core/model';
import { startAgent, type AgentProcess } from '@fairlead/testkit/fleet';
import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import { createEndings } from '@fairlead/testkit/process';
import { startChild, type Child } from '../child.ts';
import { followCalls, type CallLog } from './calls.ts';
import { startEngineHub, type EngineHub } from './hub.ts';
import type { RawAnswer, ToRaw } from './protocol.ts';

/** The bundled agent on a real API server without controllers, fed by a hub of one agent in this process. */
export interface EngineStage {
  readonly plane: ControlPlane;
  readonly hub: EngineHub;
  readonly agent: AgentProcess;
  readonly calls: CallLog;
  stop(): Promise<void>;
}

const name = 'engine' as ClusterName;

/** How the agent's calls sign in the audit log. */
export const agentUserAgent = 'fairlead-agent';

/** Sets it up; the agent is connected and has nothing to do. What was started is ended where a later part does not start. */
export async function setEngineStage(options: { readonly agentProfile?: string | undefined }): Promise<EngineStage> {
  const endings = createEndings();
  const { stop } = endings;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-'));
    endings.add(() => rm(folder, { recursive: true, force: true }));
    const plane = endings.of(await startControlPlane({ name: 'engine' }));
    const hub = endings.of(await startEngineHub(name));
    await install(plane, hub);
    const { agentProfile } = options;
    const nodeArguments = agentProfile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${agentProfile}`];
    const agent = endings.of(await startAgent({ plane, folder, nodeArguments }));
    const calls = await followCalls(plane.auditLogPath);
    await hub.untilConnected();
    return { plane, hub, agent, calls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The agent's own HTTP client in a process of its own, signed in as the agent is. */
export async function startRaw({ agent }: EngineStage): Promise<Child<ToRaw, RawAnswer>> {
  const raw = startChild<ToRaw, RawAnswer>(join(import.meta.dirname, 'raw.ts'));
  await raw.ask({ do: 'connect', kubeconfigPath: agent.kubeconfigPath });
  return raw;
}

async function install(plane: ControlPlane, hub: EngineHub): Promise<void> {
  const { api } = await fromKubeconfig(plane.kubeconfigPath);
  const manifest = agentInstallManifest({
    clusterName: name,
    hub: hub.address,
    caPem: hub.caPem,
    joinToken: hub.token,
    image: 'none',
    profile: 'cluster-admin',
  });
  for (const object of manifest)
    await api.apply(object, { fieldManager: 'owner', force: true, identity: { as: 'self' } });
  api.close();
}
