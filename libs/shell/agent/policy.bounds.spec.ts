import type { ApplicationId, ObjectKey } from '@fairlead/core/model';
import { fakeCluster } from '@fairlead/ports/cluster';
import { expect, test } from 'vitest';
import { silentLog } from './log.ts';
import { defaultPolicy, policyName, readPolicy, refusalOf, type OwnerPolicy, type Permits } from './policy.ts';

const role: ObjectKey = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', namespace: '', name: 'all' };
const service = (namespace: string): ObjectKey => ({ group: '', kind: 'Service', namespace, name: 'web' });

function judge(key: ObjectKey, bounds: { team?: Partial<Permits['team']>; owner?: Partial<OwnerPolicy> } = {}) {
  return refusalOf(key, `${key.kind}/${key.name}`, {
    application: 'web/shop' as ApplicationId,
    team: { namespaces: [], allowKinds: [], denyKinds: [], ...bounds.team },
    policy: { ...defaultPolicy, ...bounds.owner },
    namespace: 'fairlead-system',
    installed: new Set(['ClusterRole/fairlead-agent']),
  })?.reason;
}

test('who sets no bounds forbids nothing', () => {
  expect(judge(role)).toBeUndefined();
});

test.each(['ClusterRole', 'Cluster*', '*Role', '*'])('%s is forbidden by name and by pattern', (pattern) => {
  expect(judge(role, { team: { denyKinds: [pattern] } })).toBe('TeamForbids');
  expect(judge(role, { owner: { denyKinds: [pattern] } })).toBe('OwnerPolicyForbids');
});

test.each(['web-*', '*-eu', 'web-*-eu', '*'])(
  'the namespace web-shop-eu fits %s here as it does at the hub',
  (pattern) => {
    expect(judge(service('web-shop-eu'), { team: { namespaces: [pattern] } })).toBeUndefined();
    expect(judge(service('web-shop-eu'), { owner: { namespaces: [pattern] } })).toBeUndefined();
  },
);

test('what fits no pattern of a list is refused', () => {
  expect(judge(service('shop'), { team: { namespaces: ['web-*'] } })).toBe('TeamForbids');
  expect(judge(service('shop'), { owner: { allowKinds: ['Deploy*'] } })).toBe('OwnerPolicyForbids');
});

test("the agent's namespace and what its install manifest brought are nobody's to change", () => {
  expect(judge(service('fairlead-system'))).toBe('OwnerPolicyForbids');
  expect(judge({ group: '', kind: 'Namespace', namespace: '', name: 'fairlead-system' })).toBe('OwnerPolicyForbids');
  expect(judge({ ...role, name: 'fairlead-agent' })).toBe('OwnerPolicyForbids');
});

test('a policy is read with its words; what is no rule, or no budget, is complained of, and the strictest is taken', async () => {
  const cluster = fakeCluster();
  const said: string[] = [];
  const log = {
    ...silentLog,
    error: (event: string, fields: object = {}) => void said.push(`${event} ${JSON.stringify(fields)}`),
  };
  const data = { namespaces: 'web-*,\n shop', denyKind: 'Secret', pruneBudget: 'plenty' };
  const policy = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: policyName, namespace: 'default' }, data };
  await cluster.create(policy, { identity: { as: 'self' } });
  const read = await readPolicy({ cluster, namespace: 'default', log });
  expect(read).toEqual({ ...defaultPolicy, namespaces: ['web-*', 'shop'], pruneBudget: 0 });
  expect(said).toEqual([
    'policy.unknown {"key":"denyKind"}',
    'policy.unreadable {"key":"pruneBudget","value":"plenty"}',
  ]);
});
