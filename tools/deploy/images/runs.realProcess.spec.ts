import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble, type Assembled } from './assemble.ts';
import { copyContext, imagesFolder } from './context.ts';
import { stagesOf } from './dockerfile.ts';

const stages = stagesOf(await readFile(join(imagesFolder, 'Dockerfile'), 'utf8'));
let folder: string;
let agent: Assembled;
let hub: Assembled;

/** Builds from what a build would see, in a folder of its own, and puts both images together. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-images-'));
  const built = join(folder, 'src');
  await copyContext(built);
  execFileSync('npm', ['run', 'build'], { cwd: built, stdio: 'pipe' });
  agent = await assemble(stages, { target: 'agent', built, folder: join(folder, 'agent') });
  hub = await assemble(stages, { target: 'hub', built, folder: join(folder, 'hub') });
  await rm(built, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs what an image runs, by our own Node, where no package lies beside or above it. */
async function run([, ...args]: readonly string[], more: readonly string[] = []) {
  const ended = promisify(execFile)(process.execPath, [...args, ...more], { cwd: folder, env: {}, timeout: 30_000 });
  return ended.then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

describe('the image of the agent', () => {
  it('holds all that its program loads: it comes as far as asking for its settings', async () => {
    const { code, stderr } = await run(agent.start);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      reason: 'InvalidArgument',
      message: expect.stringContaining('--cluster'),
    });
  });
});

describe('the image of the hub', () => {
  it('tells its flags to whoever names no program', async () => {
    const { code, stdout } = await run(hub.start);
    expect(code).toBe(0);
    expect(stdout).toContain('--fleet URL');
  });

  it.each(['api', 'gateway', 'sources', 'planner'])(
    'holds all that the %s loads: it asks for its flags',
    async (name) => {
      const [node = ''] = hub.start;
      const { code, stderr } = await run([node, join(folder, `hub/opt/fairlead/${name}/main.mjs`)]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: --\w+ is needed\. See --help\.$/m);
    },
  );

  it('has the CLI beside them, which makes the credentials of a broker', async () => {
    const [node = ''] = hub.start;
    const made = join(folder, 'broker');
    const { code, stdout } = await run([
      node,
      join(folder, 'hub/opt/fairlead/cli/main.mjs'),
      'nats',
      'config',
      '--keys',
      made,
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('resolver_preload');
  });
});

describe('the health check', () => {
  let server: Server;
  let status = 200;
  beforeAll(async () => {
    server = createServer((_, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  it.each([
    [200, 0],
    [503, 1],
  ])('of a program that answers %i ends with %i', async (answer, code) => {
    status = answer;
    const [node = '', script = ''] = hub.check;
    const { port } = server.address() as AddressInfo;
    expect((await run([node, script, `http://127.0.0.1:${port}/readyz`])).code).toBe(code);
  });

  it.each(['agent', 'hub'])('of the %s fails, with a reason, where nothing listens', async (name) => {
    const { code, stderr } = await run((name === 'hub' ? hub : agent).check.toSpliced(-1, 1, 'http://127.0.0.1:1/'));
    expect(code).toBe(1);
    expect(stderr).not.toBe('');
  });
});
