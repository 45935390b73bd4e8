import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ApiClient, createApiClient } from './apiClient.ts';
import type { AuditLevel } from './auditPolicy.ts';
import { ensureBinaries, type Log } from '@fairlead/adapters/binaries';
import type { Credential } from './certificates.ts';
import type { Component } from './components.ts';
import { addFakeNodes } from './fakeNodes.ts';
import { writeKubeconfigFile } from './kubeconfig.ts';
import { type Layout, writeLayout } from './layout.ts';
import { freePort, removeFolderAtEnd } from '@fairlead/testkit/process';
import { createServers, type RestartOptions, ServerEnded, type Servers } from './servers.ts';
import { until } from './until.ts';

/** Options of {@link startControlPlane}. */
export interface ControlPlaneOptions {
  /** The name of cluster, user and context in its kubeconfig. */
  readonly name: string;
  /** Run the controller manager, so that Deployments make Pods and namespaces end. */
  readonly controllers?: boolean;
  /** Run the scheduler and this many fake nodes (true: one), so that Pods run. Needs `controllers` for anything but bare Pods. */
  readonly kwok?: boolean | number;
  /** What the audit log keeps; true is `Metadata`, the default; false: no log. */
  readonly audit?: AuditLevel | boolean;
  /** Keeps everything here, also after the end. Where it holds the data of an earlier run, that state is served again under new credentials. */
  readonly dataDir?: string;
  readonly ports?: { readonly server?: number; readonly etcd?: number };
  /** More flags for the API server, such as `--max-requests-inflight=5`. */
  readonly apiServerFlags?: readonly string[];
  /** Takes the progress of downloads and builds. */
  readonly log?: Log;
}

/** A running Kubernetes control plane on loopback addresses. */
export interface ControlPlane {
  readonly name: string;
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  readonly caPem: string;
  /** A client certificate of the group system:masters. */
  readonly admin: Credential;
  /** A kubeconfig of the administrator. */
  readonly kubeconfigPath: string;
  /** JSON lines, for `readAudit`; the file is absent with `audit: false`. */
  readonly auditLogPath: string;
  /** Holds every file and log (`kube-apiserver.log`…) of it. */
  readonly dataDir: string;
  /** Where etcd keeps its files: copied and put back while it is down, a restored backup. */
  readonly etcdDataDir: string;
  /** Asks the API server as the administrator. */
  readonly api: ApiClient;
  /** Process ids of what runs, by component. */
  pids(): Partial<Record<Component, number>>;
  /** Kills (or ends, with `graceMs`) the API server and starts it again; ready when this is fulfilled. */
  restartApiServer(options?: RestartOptions): Promise<void>;
  /** The same for any component. After etcd came back with older data, restart the API server too. */
  restart(component: Component, options?: RestartOptions): Promise<void>;
  /** A token of a service account that exists, by the TokenRequest API. Throws ApiFailure `NotFound` otherwise. */
  serviceAccountToken(namespace: string, name: string, options?: { expirationSeconds?: number }): Promise<string>;
  /** Writes a kubeconfig that signs in with the token. */
  writeKubeconfig(path: string, login: { token: string }): Promise<void>;
  /** Kills every process and removes the folder (unless it was named by the caller). Safe to call twice. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const bootTries = 3;
const keptGraceMs = 10_000;

function nodesOf(kwok: ControlPlaneOptions['kwok']): number {
  if (kwok === true) return 1;
  return kwok === false || kwok === undefined ? 0 : kwok;
}

function auditLevelOf(audit: ControlPlaneOptions['audit']): AuditLevel | undefined {
  if (audit === false) return undefined;
  return audit === undefined || audit === true ? 'Metadata' : audit;
}

function componentsOf(options: ControlPlaneOptions): Component[] {
  return [
    'etcd',
    'kube-apiserver',
    ...(options.controllers ? (['kube-controller-manager'] as const) : []),
    ...(nodesOf(options.kwok) > 0 ? (['kube-scheduler', 'kwok'] as const) : []),
  ];
}

async function createFolder(options: ControlPlaneOptions): Promise<string> {
  if (options.dataDir) {
    await mkdir(options.dataDir, { recursive: true });
    return options.dataDir;
  }
  const folder = await mkdtemp(join(tmpdir(), `fairlead-kube-${options.name}-`));
  removeFolderAtEnd(folder);
  return folder;
}

async function plan(options: ControlPlaneOptions, folder: string): Promise<{ layout: Layout; servers: Servers }> {
  const ports = {
    server: options.ports?.server ?? (await freePort()),
    etcd: options.ports?.etcd ?? (await freePort()),
  };
  const audit = auditLevelOf(options.audit);
  const [layout, binaries] = await Promise.all([
    writeLayout(folder, { name: options.name, ports, audit }),
    ensureBinaries(componentsOf(options), options.log ? { log: options.log } : {}),
  ]);
  const settings = { audit, controllers: options.controllers ?? false, apiServerFlags: options.apiServerFlags ?? [] };
  return { layout, servers: createServers({ layout, settings, binaries }) };
}

/** Starts the servers in order and waits until what they are for works: objects, service accounts, nodes. */
async function boot(servers: Servers, options: { layout: Layout; controlPlane: ControlPlaneOptions }): Promise<void> {
  const { layout, controlPlane } = options;
  await servers.start('etcd');
  await servers.start('kube-apiserver');
  const api = createApiClient(layout, layout.admin);
  try {
    const waits: Promise<unknown>[] = [];
    if (controlPlane.controllers) {
      await servers.start('kube-controller-manager');
      const what = 'the controller manager to make the default service account';
      waits.push(
        until(() => api.get('/api/v1/namespaces/default/serviceaccounts/default'), {
          what,
          timeoutMs: 60_000,
          pollMs: 25,
        }),
      );
    }
    const nodes = nodesOf(controlPlane.kwok);
    if (nodes > 0) {
      await Promise.all([servers.start('kube-scheduler'), servers.start('kwok')]);
      waits.push(addFakeNodes(api, nodes));
    }
    await Promise.all(waits);
  } finally {
    api.close();
  }
}

function isWorthAnotherTry(error: unknown, options: ControlPlaneOptions): boolean {
  return options.ports === undefined && error instanceof ServerEnded && error.addressInUse;
}

function controlPlaneOf(layout: Layout, options: { servers: Servers; kept: boolean }): ControlPlane {
  const { servers, kept } = options;
  const api = createApiClient(layout, layout.admin);
  const stop = async (): Promise<void> => {
    api.close();
    await servers.stopAll({ graceMs: kept ? keptGraceMs : 0 });
    if (!kept) await rm(layout.folder, { recursive: true, force: true });
  };
  return {
    name: layout.name,
    server: layout.server,
    caPem: layout.caPem,
    admin: layout.admin,
    kubeconfigPath: layout.file('kubeconfig'),
    auditLogPath: layout.file('audit.jsonl'),
    dataDir: layout.folder,
    etcdDataDir: layout.etcdData,
    api,
    pids: () => servers.pids(),
    restart: (component, restartOptions) => servers.restart(component, restartOptions),
    restartApiServer: (restartOptions) => servers.restart('kube-apiserver', restartOptions),
    async serviceAccountToken(namespace, name, { expirationSeconds = 3600 } = {}) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } };
      return (await api.create(path, request)).status.token as string;
    },
    writeKubeconfig: (path, login) => writeKubeconfigFile(path, { address: layout, login }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Starts a Kubernetes control plane from real programs: etcd (without fsync) and the API server with
 * RBAC, service accounts and an audit log, and what else the options ask for; ready when this is
 * fulfilled, some 3 s with warm binaries. Everything ends with `stop`, or with this process at the
 * latest. Throws, with the end of the log, when a server does not come up; nothing is left running then.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const kept = options.dataDir !== undefined;
  for (let attempt = 1; ; attempt++) {
    const folder = await createFolder(options);
    const { layout, servers } = await plan(options, folder);
    const controlPlane = controlPlaneOf(layout, { servers, kept });
    try {
      await boot(servers, { layout, controlPlane: options });
      return controlPlane;
    } catch (error) {
      await controlPlane.stop();
      if (attempt >= bootTries || !isWorthAnotherTry(error, options)) throw error;
    }
  }
}
