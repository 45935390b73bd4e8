import { describe, expect, it } from 'vitest';
import { applicationYaml, join, log, openFleet, pass, versions, why } from './fleet.fixture.ts';

// The clock of the fixture stands at Mon 1970-01-12 13:46:40 UTC.
const minuteMs = 60_000;

async function fleetWith(files: Readonly<Record<string, string>>) {
  const fleet = await openFleet();
  await fleet.git.server.commit({ message: 'Windows', files });
  await fleet.planner.plan({ head: true });
  await join(fleet, {
    'dev-1': { env: 'dev' },
    'prod-canary': { env: 'prod', tier: 'canary' },
    'prod-1': { env: 'prod' },
  });
  return fleet;
}

describe('windows', () => {
  it('hold an entry, say until when, and wake the planner by the one timer', async () => {
    const gate = '{ window: { allow: "0 14 * * *", duration: 1h } }';
    const fleet = await fleetWith({
      'podinfo.yaml': applicationYaml(`[{ environment: dev }, { environment: prod, gates: [${gate}] }]`),
    });
    const [gates, opensMs] = [(await why(fleet, 'prod'))?.gates, Date.UTC(1970, 0, 12, 14)];
    expect(gates).toEqual([
      {
        gate: 'window',
        verdict: 'Wait',
        reason: 'WindowShut',
        message: 'The window is shut; it opens at Mon 1970-01-12 14:00 UTC.',
        lookAtMs: opensMs,
      },
      expect.objectContaining({ gate: 'health', verdict: 'Pass' }),
    ]);
    expect((await why(fleet, 'prod'))?.next?.reason).toBe('WindowShut');
    fleet.clock.advance(opensMs - fleet.clock.now() - 1);
    await fleet.planner.plan({ units: [] });
    expect(await log(fleet)).not.toContain('Promote default/podinfo 1.0.0 to prod');
    fleet.clock.advance(1);
    await fleet.planner.plan({ units: [] });
    expect(await log(fleet)).toContain('Promote default/podinfo 1.0.0 to prod');
  });

  it('of an environment hold entries and the starts of waves, and what began goes on', async () => {
    const prod = (windows: string) =>
      `apiVersion: fairlead.dev/v1alpha1\nkind: Environment\nmetadata: { name: prod }\nspec:\n  clusters: { matchLabels: { env: prod } }\n  rollout: { waves: [{ name: canary, clusters: { matchLabels: { tier: canary } }, soak: 20m }, { name: rest }] }\n  windows: ${windows}\n`;
    const fleet = await fleetWith({
      'prod.yaml': prod('[{ allow: "30 13 * * *", duration: 30m }]'),
      'podinfo.yaml': applicationYaml('[{ environment: dev }, { environment: prod }]'),
    });
    expect(await versions(fleet)).toMatchObject({ 'prod-canary': '1.0.0' });
    for (const _ of [1, 2, 3, 4, 5, 6]) await pass(fleet, 4 * minuteMs);
    const held = await why(fleet, 'prod');
    expect(await versions(fleet)).not.toHaveProperty('prod-1');
    expect(held).toMatchObject({
      state: 'Waiting',
      why: { reason: 'WindowShut', message: 'Wave rest: The window is shut; it opens at Tue 1970-01-13 13:30 UTC.' },
    });
    await pass(fleet, Date.UTC(1970, 0, 13, 13, 30) - fleet.clock.now());
    expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  });

  it('are policy: taken away by a commit, they hold no longer', async () => {
    const pipeline = (gates: string) =>
      applicationYaml(`[{ environment: dev }, { environment: prod, gates: ${gates} }]`);
    const fleet = await fleetWith({ 'podinfo.yaml': pipeline('[{ window: { allow: "0 3 * * *", duration: 1h } }]') });
    expect((await why(fleet, 'prod'))?.next?.reason).toBe('WindowShut');
    await fleet.git.server.commit({ message: 'Open', files: { 'podinfo.yaml': pipeline('[]') } });
    await fleet.planner.plan({ head: true });
    expect(await log(fleet)).toContain('Promote default/podinfo 1.0.0 to prod');
  });
});
