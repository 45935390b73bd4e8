export { type ApiClient, ApiFailure, createApiClient, type LiveObject, type RequestOptions } from './apiClient.ts';
export {
  type AuditedObject,
  type AuditEntry,
  type AuditFilter,
  type AuditFollower,
  followAudit,
  readAudit,
} from './audit.ts';
export type { AuditLevel } from './auditPolicy.ts';
export type { Credential } from './certificates.ts';
export type { Component } from './components.ts';
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './controlPlane.ts';
export { kubeconfig, type Login } from './kubeconfig.ts';
export {
  type ApiProxy,
  type Fate,
  type GivenAnswer,
  type ProxiedRequest,
  type ProxyHooks,
  startApiProxy,
} from './proxy.ts';
export type { RestartOptions } from './servers.ts';
export { until, type UntilOptions } from './until.ts';
