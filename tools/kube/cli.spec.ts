import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const cli = fileURLToPath(new URL('cli.ts', import.meta.url));

function start(...words: string[]) {
  return spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
}

test.each([[], ['down'], ['up', 'many'], ['up', '0'], ['bin'], ['bin', 'bash']])(
  '%j is answered with the usage',
  async (...words) => {
    const child = start(...words);
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(code).toBe(2);
    expect(complaint).toMatch(/^Usage: npm run kube/);
  },
);

test('bin prints the path of a program, and nothing else', async () => {
  const path = await text(start('bin', 'etcd').stdout);
  await expect(access(path.trim())).resolves.toBeUndefined();
});

test(
  'up prints a kubeconfig for each cluster, and Ctrl-C ends them and removes their files',
  { timeout: 90_000 },
  async () => {
    const child = start('up', '2');
    const closed = once(child, 'close');
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.includes('Ctrl-C')) child.kill('SIGINT');
    }
    expect(await closed).toEqual([0, null]);
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^cluster-1 .*KUBECONFIG=/),
      expect.stringMatching(/^cluster-2 .*KUBECONFIG=/),
    ]);
    for (const line of lines.slice(0, 2)) {
      const folder = dirname(line.split('KUBECONFIG=')[1] ?? '');
      await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    }
  },
);
