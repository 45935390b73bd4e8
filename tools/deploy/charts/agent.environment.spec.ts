import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentCases, everyAgentSetting } from './agentValues.ts';
import { renderChart, type Values } from './helm.ts';

const main = join(import.meta.dirname, '../../../apps/agent/main.ts');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-agent-'));
  for (const name of ['ca.crt', 'nats-ca.crt']) await writeFile(join(folder, name), 'authority');
});
afterAll(() => rm(folder, { recursive: true }));

interface Variable {
  readonly name: string;
  readonly value?: string;
}

/** What the container is told, its mounted files in our folder. */
async function environment(values: Values): Promise<Record<string, string>> {
  const objects = await renderChart({ chart: 'fairlead-agent', values });
  const deployment = objects.find(({ kind }) => kind === 'Deployment') ?? expect.fail('no Deployment');
  const { template } = deployment['spec'] as { template: { spec: { containers: [{ env: Variable[] }] } } };
  return Object.fromEntries(
    template.spec.containers[0].env.map(({ name, value = 'fairlead-system' }) => [
      name,
      value.replace(/^\/var\/run\/fairlead\/\w+/, folder),
    ]),
  );
}

it.each([
  ['plain', agentCases['plain']?.values ?? {}],
  ['every setting', everyAgentSetting],
])('an agent takes what the chart tells it, and looks for its cluster next: %s', async (_, values) => {
  const env = await environment(values);
  // No probes: other tests of this machine may have the port.
  const run = promisify(execFile)(process.execPath, [main], { env: { ...env, FAIRLEAD_HEALTH: '127.0.0.1:0' } });
  const { stderr } = (await run.catch((error: unknown) => error)) as { stderr: string };
  expect(JSON.parse(stderr)).toMatchObject({ message: expect.stringMatching(/cluster/) });
  expect(stderr).not.toMatch(/Cannot start the agent: --/);
});

it('an agent refuses what is none of its words', async () => {
  const env = { ...(await environment(everyAgentSetting)), FAIRLEAD_TRANSPORT: 'pigeon' };
  const { stderr } = (await promisify(execFile)(process.execPath, [main], { env }).catch(
    (error: unknown) => error,
  )) as {
    stderr: string;
  };
  expect(stderr).toContain('--transport is');
});
