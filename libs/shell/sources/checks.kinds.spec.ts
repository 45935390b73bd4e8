import type { KubeObject } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { allowedByTeam } from './checks.ts';

const role = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'all' },
} as KubeObject;

test.each(['ClusterRole', 'Cluster*', '*'])('a kind is denied by name and by pattern: %s', (pattern) => {
  const bounds = {
    name: 'web',
    serviceAccount: 'fairlead-web',
    namespaces: [],
    allowKinds: [],
    denyKinds: [pattern],
    secrets: 'Allow' as const,
  };
  expect(() => allowedByTeam([role], bounds)).toThrow(/may not use the kind ClusterRole/);
});
