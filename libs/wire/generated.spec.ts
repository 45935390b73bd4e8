import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

function filesIn(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map((file) => [file.name, readFileSync(join(file.parentPath, file.name), 'utf8')]));
}

test('the generated messages are what buf makes of proto/', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-proto-'));
  const bin = join(root, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
  execFileSync(join(bin, 'buf'), ['generate', '--output', folder], { cwd: root, env, stdio: 'pipe' });
  expect(filesIn(join(root, 'libs/wire/gen'))).toEqual(filesIn(join(folder, 'libs/wire/gen')));
  rmSync(folder, { recursive: true });
});
