import { describe, expect, it } from 'vitest';
import { application, namespaceOf, pathOf, sourcesOf } from './application.ts';
import { environment, fleet, team } from './fleet.ts';
import { hub, member } from './ledger.ts';

const apiVersion = 'fairlead.dev/v1alpha1';

function document(kind: string, spec?: unknown) {
  return { apiVersion, kind, metadata: { name: 'a' }, ...(spec === undefined ? {} : { spec }) };
}

describe('defaults', () => {
  it('of a rollout are finite and careful', () => {
    expect(environment.parse(document('Environment', { clusters: {} })).spec).toEqual({
      clusters: {},
      gates: [],
      windows: [],
      rollout: {
        waves: [{ name: 'all', maxConcurrent: '100%', soak: '0s' }],
        maxUnavailable: '10%',
        failureBudget: 0,
        progressDeadline: '10m',
        onFailure: 'Halt',
        unreachable: 'Skip',
      },
    });
  });

  it('of a fleet bound what one commit may withdraw', () => {
    const { spec } = fleet.parse(document('Fleet'));
    expect(spec.removalBudget).toEqual({ placements: '10%' });
    expect(spec.silence).toEqual({ silentAfter: '5m', answerWithin: '30s', lostAfter: '24h' });
  });

  it('of an application prune, correct and release', () => {
    const parsed = application.parse(
      document('Application', {
        source: { git: { url: 'https://git.example.com/a' } },
        pipeline: [{ environment: 'dev' }],
      }),
    );
    expect(parsed.spec.team).toBe('default');
    expect(parsed.spec.sync).toEqual({ prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release' });
    expect(sourcesOf(parsed)).toEqual({
      main: { git: { url: 'https://git.example.com/a', path: '.', ref: { branch: 'main' } } },
    });
    expect([namespaceOf(parsed), pathOf(parsed)]).toEqual(['default', '.']);
  });
});

describe('documents are refused', () => {
  const source = { git: { url: 'https://git.example.com/a' } };
  const pipeline = [{ environment: 'dev' }];
  it.each([
    ['an application without a source', application, document('Application', { pipeline })],
    [
      'an application with source and sources',
      application,
      document('Application', { source, sources: { main: source }, pipeline }),
    ],
    [
      'a path that leaves the repository',
      application,
      document('Application', { source: { git: { ...source.git, path: '../other' } }, pipeline }),
    ],
    ['an empty pipeline', application, document('Application', { source, pipeline: [] })],
    ['a team without a service account', team, document('Team', {})],
    ['a team under an account of the agent', team, document('Team', { serviceAccount: 'fairlead-upgrader' })],
    ['an epoch of zero', hub, document('Hub', { epoch: 0 })],
    ['a member without a key', member, document('Member', { kubernetes: 'v1.36.1' })],
    [
      'a percentage over a hundred',
      environment,
      document('Environment', { clusters: {}, rollout: { maxUnavailable: '101%' } }),
    ],
  ])('%s', (_what, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});
