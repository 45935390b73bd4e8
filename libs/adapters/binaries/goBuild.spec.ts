import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { binarySpec } from './catalogue.ts';
import { createGoBuild, NoGo } from './goBuild.ts';

const spec = binarySpec('kubectl');
const path = process.env['PATH'];
const modules = join(import.meta.dirname, '../../../tools/kube/modules');
let folder: string;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-go-'));
  lines = [];
});
afterEach(async () => {
  process.env['PATH'] = path;
  await rm(folder, { recursive: true });
});

/** Puts a `go` first on the PATH that is this shell script. */
async function pretendGo(script: string): Promise<void> {
  const file = join(folder, 'go');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  process.env['PATH'] = `${folder}:${path}`;
}

const log = (line: string): void => void lines.push(line);

test('the program is built in its module, told its version, and put in place whole', async () => {
  await pretendGo('for word; do last=$output; output=$word; done; { pwd; echo "$@"; } > "$last"');
  const destination = join(folder, 'cache', 'kubectl-v1');
  await createGoBuild({ log, modules })(spec, destination);
  const [cwd, words] = (await readFile(destination, 'utf8')).split('\n');
  expect(cwd).toBe(join(modules, 'kubernetes'));
  expect(words).toContain(`-X k8s.io/component-base/version.gitVersion=${spec.version}`);
  expect(words).toContain('-mod=readonly');
  expect(await readdir(join(folder, 'cache'))).toEqual(['kubectl-v1']);
  expect(lines).toEqual([
    `kubectl: building ${spec.version} with go`,
    expect.stringMatching(/^kubectl: built in \d+ s$/),
  ]);
});

test('a failed build tells the end of what the compiler said and leaves nothing behind', async () => {
  await pretendGo('echo "k8s.io/api/core/v1" >&2; echo "missing go.sum entry" >&2; exit 1');
  const building = createGoBuild({ log, modules })(spec, join(folder, 'cache', 'kubectl-v1'));
  await expect(building).rejects.toThrow(/ended with 1:\n.*\nmissing go.sum entry/);
  expect(await readdir(join(folder, 'cache'))).toEqual([]);
});

test('without a toolchain it says so', async () => {
  process.env['PATH'] = folder;
  await expect(createGoBuild({ log, modules })(spec, join(folder, 'kubectl'))).rejects.toThrow(NoGo);
});
