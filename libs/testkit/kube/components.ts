import { fileURLToPath } from 'node:url';

import type { BinaryName } from '@fairlead/adapters/binaries';
import type { AuditLevel } from './auditPolicy.ts';
import { type Layout, serviceRange } from './layout.ts';
import type { Command } from '@fairlead/testkit/process';

/** The servers of a control plane. */
export type Component = Extract<
  BinaryName,
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok'
>;

/** What decides how the servers are started. */
export interface ComponentSettings {
  /** Undefined: no audit log. */
  readonly audit: AuditLevel | undefined;
  /** Without controllers nothing makes service accounts, so nothing may ask for them. */
  readonly controllers: boolean;
  /** More flags for the API server; a repeated one wins over ours. */
  readonly apiServerFlags: readonly string[];
}

function etcdArguments(layout: Layout): string[] {
  return [
    `--data-dir=${layout.etcdData}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${layout.etcdUrl}`,
    `--advertise-client-urls=${layout.etcdUrl}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--log-level=warn',
    `--quota-backend-bytes=${4 * 1024 ** 3}`,
  ];
}

function auditArguments(layout: Layout, audit: AuditLevel | undefined): string[] {
  if (!audit) return [];
  return [
    `--audit-policy-file=${layout.file('audit-policy.json')}`,
    `--audit-log-path=${layout.file('audit.jsonl')}`,
    '--audit-log-mode=blocking',
    '--audit-log-maxsize=0', // never rotated: a test reads it as one file
  ];
}

function apiServerArguments(layout: Layout, settings: ComponentSettings): string[] {
  return [
    `--etcd-servers=${layout.etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${layout.serverPort}`,
    '--endpoint-reconciler-type=none', // a loopback address may not be an endpoint
    `--service-cluster-ip-range=${serviceRange}`,
    `--tls-cert-file=${layout.file('pki/server.crt')}`,
    `--tls-private-key-file=${layout.file('pki/server.key')}`,
    `--client-ca-file=${layout.file('pki/ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${layout.file('pki/tokens.key')}`,
    `--service-account-key-file=${layout.file('pki/tokens.pub')}`,
    '--authorization-mode=RBAC',
    '--anonymous-auth=false',
    '--allow-privileged=true',
    '--profiling=false',
    ...(settings.controllers ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...auditArguments(layout, settings.audit),
    ...settings.apiServerFlags,
  ];
}

function controllerManagerArguments(layout: Layout): string[] {
  return [
    `--kubeconfig=${layout.file('kube-controller-manager.kubeconfig')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${layout.file('pki/tokens.key')}`,
    `--root-ca-file=${layout.file('pki/ca.crt')}`,
    `--cluster-signing-cert-file=${layout.file('pki/ca.crt')}`,
    `--cluster-signing-key-file=${layout.file('pki/ca.key')}`,
    '--kube-api-qps=300',
    '--kube-api-burst=600',
    '--profiling=false',
  ];
}

const stages = ['node', 'pod', 'network', 'volume'].map((name) =>
  fileURLToPath(new URL(`stages/${name}.yaml`, import.meta.url)),
);

function kwokArguments(layout: Layout): string[] {
  return [
    `--kubeconfig=${layout.file('kwok.kubeconfig')}`,
    ...stages.map((path) => `--config=${path}`),
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=40',
    '--cidr=10.244.0.0/16',
  ];
}

function argumentsOf(component: Component, options: { layout: Layout; settings: ComponentSettings }): string[] {
  const { layout, settings } = options;
  switch (component) {
    case 'etcd':
      return etcdArguments(layout);
    case 'kube-apiserver':
      return apiServerArguments(layout, settings);
    case 'kube-controller-manager':
      return controllerManagerArguments(layout);
    case 'kube-scheduler':
      return [`--config=${layout.file('scheduler.json')}`, '--secure-port=0'];
    case 'kwok':
      return kwokArguments(layout);
  }
}

/** How to start one server of the control plane. `binary` is the path of its program. */
export function componentCommand(
  component: Component,
  options: { layout: Layout; settings: ComponentSettings; binary: string },
): Command {
  return {
    name: component,
    file: options.binary,
    arguments: argumentsOf(component, options),
    logFile: options.layout.file(`${component}.log`),
  };
}
