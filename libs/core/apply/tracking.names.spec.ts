import { describe, expect, it } from 'vitest';
import type { ApplicationId } from '@fairlead/core/model';
import { trackingOf, withTracking } from './index.ts';

const owner = { application: 'web/podinfo' as ApplicationId, trackingId: '0123456789abcdef' };

describe('the names on an object', () => {
  it('are of one application', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', labels: { app: 'x' }, annotations: { a: 'b' } },
    };
    const tracking = trackingOf({ group: '', kind: 'ConfigMap' }, owner);
    expect(tracking.fieldManager).toBe('fairlead');
    expect(withTracking(object, tracking).metadata).toEqual({
      name: 'c',
      labels: { app: 'x', 'fairlead.dev/application': '0123456789abcdef' },
      annotations: { a: 'b', 'fairlead.dev/application': 'web/podinfo' },
    });
    expect(object.metadata.labels).toEqual({ app: 'x' });
  });

  it('are shared on a Namespace, where each application has a field manager of its own', () => {
    const tracking = trackingOf({ group: '', kind: 'Namespace' }, owner);
    expect(tracking.fieldManager).toBe('fairlead:0123456789abcdef');
    expect(withTracking({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } }, tracking).metadata).toEqual(
      {
        name: 'web',
        labels: { 'fairlead.dev/application': 'shared' },
      },
    );
  });

  it('are not shared on a kind of another group that has that name', () => {
    expect(trackingOf({ group: 'example.com', kind: 'Namespace' }, owner).fieldManager).toBe('fairlead');
  });
});
