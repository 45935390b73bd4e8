import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';
import { buildPage } from './page.ts';

const root = join(import.meta.dirname, '../..');
const dist = join(root, 'dist');

/** The hub in one process, and its roles apart: a folder each that runs by itself. */
const hubPrograms = ['hub', 'planner', 'sources', 'gateway', 'api'] as const;

/** Those that answer the API give out the page, too. */
const pagePrograms = ['hub', 'api'] as const;

/**
 * One file each for agent and CLI (esbuild: they have no decorators), and the programs of the hub (rolldown keeps Nest's
 * metadata). What a bundle leaves out is a package that is loaded only where it is installed.
 */
async function main(): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const started = performance.now();
  await Promise.all([
    edge('agent'),
    edge('cli'),
    ...hubPrograms.map(hubProgram),
    buildPage(pagePrograms.map((name) => join(dist, name, 'page'))),
  ]);
  await cp(join(root, 'LICENSE'), join(dist, 'LICENSE'));
  const names = [...hubPrograms, 'agent', 'cli'].map((name) => `dist/${name}`).join(', ');
  console.log(`build: ${names} in ${Math.round(performance.now() - started)} ms`);
}

/** Optional packages that Nest and ssh2 look for at run time and that we do not use. */
const absent = [
  /^@nestjs\/(microservices|websockets|platform-express)/,
  '@fastify/view',
  '@fastify/multipart',
  'class-transformer',
  'class-validator',
  'cpu-features',
];

/**
 * The agent is one file and leaves out the Kubernetes client, which it needs nowhere inside a cluster; the CLI takes it
 * along in a part of its own, read only for kubeconfigs with login plug-ins.
 */
async function edge(name: 'agent' | 'cli'): Promise<void> {
  await esbuild({
    entryPoints: { main: join(root, `apps/${name}/main.ts`) },
    outdir: join(dist, name),
    outExtension: { '.js': '.mjs' },
    splitting: name === 'cli',
    external: ['cpu-features', ...(name === 'agent' ? ['@kubernetes/client-node'] : [])],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    legalComments: 'linked',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
}

async function hubProgram(name: (typeof hubPrograms)[number]): Promise<void> {
  // Only a process that has the store for itself opens SQLite, whose thread is a program of its own.
  const thread = name === 'hub' ? { 'store-worker': join(root, 'libs/adapters/store/sqlite/worker.ts') } : {};
  const bundle = await rolldown({
    input: { main: join(root, `apps/${name}/main.ts`), ...thread },
    platform: 'node',
    external: absent,
    logLevel: 'silent',
    tsconfig: join(root, 'tsconfig.json'),
    checks: { circularDependency: false },
  });
  await bundle.write({
    dir: join(dist, name),
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  await bundle.close();
}

await main();
