/**
 * The one table of versions, by the Go module under `tools/kube/modules` that pins them. It stands in code because a
 * packaged CLI has no such folder beside it; a test holds it to the `go.mod` files.
 */
export const pinnedVersions = {
  kubernetes: 'v1.36.3',
  etcd: 'v3.6.16',
  kwok: 'v0.8.0',
  kustomize: 'v5.8.2',
  helm: 'v4.3.1',
  nats: 'v2.15.2',
  compose: 'v2.16.2',
} as const;

/** Name of a folder under `tools/kube/modules`. */
export type GoModule = keyof typeof pinnedVersions;
