import { fleet, team } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { boundsOf } from './bounds.ts';

const head = { apiVersion: 'fairlead.dev/v1alpha1' };
const web = team.parse({
  ...head,
  kind: 'Team',
  metadata: { name: 'web' },
  spec: { serviceAccount: 'fairlead-web', namespaces: ['web-*'], kinds: { deny: ['ClusterRole'] } },
});
const open = fleet.parse({ ...head, kind: 'Fleet', metadata: { name: 'acme' }, spec: {} });
const strict = fleet.parse({ ...head, kind: 'Fleet', metadata: { name: 'acme' }, spec: { secrets: 'Refuse' } });

test('the team default may use everything, as fairlead-applier', () => {
  expect(boundsOf('default', { fleet: open, teams: new Map() })).toEqual({
    name: 'default',
    serviceAccount: 'fairlead-applier',
    namespaces: [],
    allowKinds: [],
    denyKinds: [],
    secrets: 'Allow',
  });
});

test('a Team document bounds its team, and the fleet may refuse Secrets for all', () => {
  expect(boundsOf('web', { fleet: strict, teams: new Map([['web', web]]) })).toEqual({
    name: 'web',
    serviceAccount: 'fairlead-web',
    namespaces: ['web-*'],
    allowKinds: [],
    denyKinds: ['ClusterRole'],
    secrets: 'Refuse',
  });
});
