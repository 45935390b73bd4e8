export { connectCluster, type ClusterConnection, type ConnectOptions } from './connect.ts';
export type { Credentials } from './credentials.ts';
export type { RequestInfo } from './http.ts';
export { inCluster, type InClusterOptions } from './incluster.ts';
export { fromKubeconfig, type KubeconfigOptions } from './kubeconfig.ts';
export type { Backoff } from './watch.ts';
