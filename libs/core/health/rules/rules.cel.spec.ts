import { describe, expect, it } from 'vitest';
import { FairleadError, type HealthRule } from '@fairlead/core/model';
import { assessHealth, compileRules } from '../index.ts';

const ring = (status: object, metadata: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Ring',
  metadata: { name: 'cache', ...metadata },
  spec: { shards: 3 },
  status,
});
const rule: HealthRule = {
  target: { kind: 'Ring' },
  healthy: 'object.status.shards == object.spec.shards',
  failed: 'object.status.phase == "Broken"',
};
const health = (object: ReturnType<typeof ring>, ...rules: HealthRule[]) =>
  assessHealth(object, { rules: compileRules(rules.length ? rules : [rule]) });

describe("an application's rule", () => {
  it('calls an object healthy', () => {
    expect(health(ring({ shards: 3, phase: 'Up' }))).toEqual({
      status: 'Healthy',
      reason: 'Current',
      message: "the application's rule calls it healthy",
    });
  });

  it('calls an object failed, whatever is healthy', () => {
    expect(health(ring({ shards: 3, phase: 'Broken' })).status).toBe('Degraded');
  });

  it('leaves it in progress otherwise', () => {
    expect(health(ring({ shards: 2, phase: 'Up' })).status).toBe('Progressing');
  });

  it('leaves it in progress while a field that it reads is not there, and says so', () => {
    expect(health(ring({})).status).toBe('Progressing');
    expect(health(ring({})).message).toMatch(/^the application's rule cannot be evaluated yet: .*(shards|phase)/);
  });

  it('calls nothing healthy while it cannot be told whether it failed, and says what is missing', () => {
    expect(health(ring({ shards: 3 })).message).toBe(
      "the application's rule cannot be evaluated yet: No such key: phase",
    );
    const careful = { ...rule, failed: 'object.status.?phase.orValue("") == "Broken"' };
    expect(health(ring({ shards: 3 }), careful).status).toBe('Healthy');
  });

  it.each([
    ['object.status.shards + 1 > object.spec.shards', { shards: 3 }],
    ['object.status.load < 0.5', { load: 0.25 }],
    ['object.status.nodes.all(node, node.ready)', { nodes: [{ ready: true }] }],
    ['has(object.status.shards) && object.status.?zone.orValue("a") == "a"', { shards: 1 }],
    ['object.status.version.matches("^v[0-9]+$")', { version: 'v12' }],
    ['size(object.status.nodes) == 2', { nodes: [1, 2] }],
  ])('may read %s', (healthy, status) => {
    expect(health(ring(status), { target: {}, healthy }).status).toBe('Healthy');
  });

  it('comes before the check of the kind, and the first that means the object wins', () => {
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'serve' },
      status: { active: 1, startTime: 'then' },
    };
    const rules = compileRules([
      { target: { name: 'other' }, healthy: 'false' },
      { target: { kind: 'Job' }, healthy: 'object.status.active == 1' },
      { target: {}, healthy: 'false' },
    ]);
    expect(assessHealth(job, { rules }).status).toBe('Healthy');
    expect(assessHealth({ ...job, kind: 'CronJob', spec: { suspend: true } }, { rules }).status).toBe('Progressing');
  });

  it('does not speak for an object on its way out or of a stale status', () => {
    expect(health(ring({ shards: 3, observedGeneration: 1 }, { generation: 2 })).reason).toBe('StatusStale');
    expect(health(ring({ shards: 3 }, { deletionTimestamp: '2026-11-02T10:00:00Z' })).reason).toBe('ObjectTerminating');
  });

  it('that is no boolean calls nothing healthy, and says so', () => {
    expect(health(ring({ shards: 3 }), { target: {}, healthy: 'object.status.shards' })).toEqual({
      status: 'Progressing',
      reason: 'ReconcileInProgress',
      message: "the application's rule cannot be evaluated yet: it is neither true nor false",
    });
  });

  it('that is no CEL is refused by its place', () => {
    const compile = () => compileRules([rule, { target: {}, healthy: 'object.status.(' }]);
    expect(compile).toThrow(FairleadError);
    expect(compile).toThrow(
      /^Cannot read health\[1\]\.healthy: it is no CEL expression \(.+\); correct it in the Application document$/,
    );
  });

  it('may not grow without bound', () => {
    expect(() => compileRules([{ target: {}, healthy: `${'true && '.repeat(5_000)}true` }])).toThrow(
      /health\[0\]\.healthy/,
    );
  });
});
