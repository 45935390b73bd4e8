import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeys } from '@fairlead/adapters/pki';
import { renderChart, type Values } from './charts/helm.ts';

const guide = await readFile(join(import.meta.dirname, '../../docs/guides/deploying.md'), 'utf8');

/** Indented blocks of the guide, without their indentation, that hold these words. */
function blocksWith(words: string): string[] {
  const blocks = guide.match(/(?:^(?: {4,}.*)?\n)+/gm) ?? [];
  return blocks
    .map((block) => block.replaceAll(new RegExp(`^ {${/^\n*( +)/.exec(block)?.[1]?.length ?? 0}}`, 'gm'), ''))
    .filter((block) => block.includes(words));
}

describe('the values that the guide shows', () => {
  it.each([
    ['embedded', 'passwordSecret: { name: fleet-git }\nnames: [fleet.example.com]\n'],
    ['apart', 'mode: apart\n'],
  ])('are taken by the chart: %s', async (mode, words) => {
    const [block = ''] = blocksWith(words.split('\n')[0] ?? '').filter(
      (one) => mode !== 'embedded' || !one.includes('mode:'),
    );
    const yaml = block.replace(/\n(helm|kubectl) [\s\S]*$/, '\n');
    const objects = await renderChart({ chart: 'fairlead', values: load(yaml) as Values });
    expect(objects.some(({ kind }) => kind === (mode === 'embedded' ? 'StatefulSet' : 'Deployment'))).toBe(true);
  });
});

describe('the backup of keys that the guide shows', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-guide-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Runs what the guide hands to Node in the container, on a folder of this machine. */
  function run(words: string, { data, input = '' }: { data: string; input?: string }): string {
    const [block = ''] = blocksWith(words);
    const script = /-e '\n([\s\S]*?)\n'/.exec(block)?.[1] ?? expect.fail(`the guide has no script with ${words}`);
    const here = script.replace('/var/lib/fairlead/data/', `${data}/`);
    return execFileSync(process.execPath, ['-e', here], { encoding: 'utf8', input });
  }

  it('comes back in a new installation, whose own keys and store it replaces', async () => {
    const [old, fresh] = [join(folder, 'old'), join(folder, 'fresh')];
    const options = { names: ['fleet.example.com'], now: () => Date.now() };
    const kept = await openKeys(old, options);
    await writeFile(join(old, 'webhook-secret'), 'w');
    await openKeys(fresh, options);
    await mkdir(join(fresh, 'store'));
    await writeFile(join(fresh, 'store/hub.db'), 'of other keys');
    run('fs.writeFileSync', { data: fresh, input: run('fs.readdirSync', { data: old }) });
    expect(await readdir(fresh)).toEqual(await readdir(old));
    const back = await openKeys(fresh, options);
    expect([back.caPem, back.blobKey, back.verifyingKeys]).toEqual([kept.caPem, kept.blobKey, kept.verifyingKeys]);
  });
});
