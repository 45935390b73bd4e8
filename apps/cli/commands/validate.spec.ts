import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';

const example = join(import.meta.dirname, '../../../examples/fleet');
const head = 'apiVersion: fairlead.dev/v1alpha1\n';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-validate-'));
  await cp(example, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function validated(...words: string[]): Promise<{ code: number; lines: string[]; err: string }> {
  const world = recordedIo({ cwd: folder });
  const code = await run(['validate', ...words], world);
  return { code, lines: world.stdout().trimEnd().split('\n'), err: world.stderr() };
}

function member(name: string, labels: string): string {
  return `${head}kind: Member\nmetadata: { name: ${name} }\nspec: { labels: { ${labels} }, key: "sha256:${'a'.repeat(64)}", kubernetes: v1.36.1 }\n`;
}

function application(spec: string): string {
  return `${head}kind: Application\nmetadata: { name: web }\nspec:\n  source: { git: { url: "https://git.example.com/web" } }\n${spec}`;
}

test('the example fleet is valid', async () => {
  const { code, lines, err } = await validated(example);
  expect([code, err]).toEqual([0, '']);
  expect(lines).toEqual(['valid: 3 environments, 1 application, 0 teams, 0 members, 0 releases']);
});

test.each([
  [
    'broken YAML',
    'a.yaml',
    `${head}kind: Team\nmetadata: { name: web\n`,
    /^a\.yaml:\d+: Cannot read a\.yaml:\d+.*\(InvalidDocument\)$/,
  ],
  [
    'an unknown field',
    'a.yaml',
    `${head}kind: Environment\nmetadata: { name: edge }\nspec:\n  clusters: {}\n  rolout: {}\n`,
    /^a\.yaml:6: Cannot use Environment edge: spec has the unknown field `rolout`; did you mean `rollout`\?.*\(InvalidDocument\)$/,
  ],
  [
    'a circle in a pipeline',
    'a.yaml',
    application('  pipeline: [{ environment: dev, after: [staging] }, { environment: staging, after: [dev] }]\n'),
    /^a\.yaml:6: .*goes in a circle: dev waits for staging waits for dev.*\(PipelineCycle\)$/,
  ],
  [
    'an unknown team',
    'a.yaml',
    application('  team: web\n  pipeline: [{ environment: dev }]\n'),
    /^a\.yaml:6: .*names the team `web`, which has no Team document.*\(TeamUnknown\)$/,
  ],
  [
    'an environment that is not there',
    'a.yaml',
    application('  pipeline: [{ environment: pord }]\n'),
    /^a\.yaml:6: .*`pord`.*did you mean `prod`\?.*\(UnknownReference\)$/,
  ],
  [
    'a ledger file that says something else than its path',
    'ledger/clusters/shop-1.yaml',
    member('shop-2', 'env: dev'),
    /^ledger\/clusters\/shop-1\.yaml:3: .*rename one.*\(InvalidDocument\)$/,
  ],
])('%s is named with file and line', async (_what, path, text, wanted) => {
  await write(path, text);
  const { code, lines, err } = await validated();
  expect(code).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(wanted);
  expect(err).toBe('1 problem\n');
});

test('a selector that matches no member is named with its Environment document', async () => {
  await write('ledger/clusters/dev.yaml', member('dev', 'env: dev'));
  await write('ledger/clusters/staging.yaml', member('staging', 'env: staging'));
  const { code, lines } = await validated();
  expect(code).toBe(1);
  expect(lines).toEqual([
    expect.stringMatching(/^fairlead\.yaml:23: Cannot place environment prod: .*\(SelectorMatchesNothing\)$/),
  ]);
});

test('a variable that a cluster does not have is named with its Application document', async () => {
  for (const env of ['dev', 'staging', 'prod']) await write(`ledger/clusters/${env}.yaml`, member(env, `env: ${env}`));
  await write(
    'a.yaml',
    application(
      '  values: { zone: "${cluster.labels.zone}" }\n  pipeline: [{ environment: dev }, { environment: prod }]\n',
    ),
  );
  const { lines } = await validated();
  expect(lines).toEqual([
    expect.stringMatching(/^a\.yaml:1: Cannot render default\/web for dev: spec\.values\.zone names the variable/),
  ]);
});

test('every problem is told, in the order of the files', async () => {
  await write('b.yaml', `${head}kind: Team\nmetadata: { name: b }\nspec: {}\n`);
  await write('a.yaml', `${head}kind: Teem\nmetadata: { name: a }\n`);
  const { code, lines, err } = await validated();
  expect(code).toBe(1);
  expect(lines.map((line) => line.split(':')[0])).toEqual(['a.yaml', 'b.yaml']);
  expect(err).toBe('2 problems\n');
});

test('problems as data have their subjects', async () => {
  await write('a.yaml', `${head}kind: Teem\nmetadata: { name: a }\n`);
  const { code, lines } = await validated('-o', 'json');
  expect(code).toBe(1);
  expect(JSON.parse(lines.join('\n'))).toMatchObject({
    ok: false,
    environments: 3,
    problems: [{ reason: 'InvalidDocument', file: 'a.yaml', line: 2, field: 'kind' }],
  });
});

test('what git itself keeps is not read, nor is a link followed', async () => {
  await write('.git/a.yaml', `${head}kind: Teem\n`);
  await symlink('.git', join(folder, 'link'));
  await symlink('.git/a.yaml', join(folder, 'b.yaml'));
  expect((await validated()).code).toBe(0);
});

test('a folder that is not there is not found', async () => {
  const { code, err } = await validated('missing');
  expect(code).toBe(3);
  expect(err).toContain(`${folder}/missing: there is no such folder`);
});
