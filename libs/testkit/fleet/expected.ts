import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { ensureBinary } from '@fairlead/adapters/binaries';
import { parseManifests } from '@fairlead/core/documents';
import type { KubeObject } from '@fairlead/core/model';
import { readTree } from './examples.ts';

/** What is rendered by hand, to hold a cluster against. */
export interface ExpectedOptions {
  /** Path of the folder. */
  readonly folder: string;
  /** Kustomize components of the folder to lay over it, by their path in it. */
  readonly components?: readonly string[];
}

async function build(folder: string): Promise<KubeObject[]> {
  const kustomize = await ensureBinary('kustomize');
  const { stdout } = await promisify(execFile)(kustomize, ['build', folder], { maxBuffer: 64 * 1024 * 1024 });
  return parseManifests(stdout, { file: folder }).map(({ object }) => object);
}

async function withComponents(folder: string, components: readonly string[]): Promise<KubeObject[]> {
  const overlay = await mkdtemp(join(tmpdir(), 'fairlead-overlay-'));
  try {
    const at = (path: string): string => relative(overlay, join(folder, path));
    const kustomization = { resources: [at('.')], components: components.map(at) };
    await writeFile(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
    return await build(overlay);
  } finally {
    await rm(overlay, { recursive: true });
  }
}

/** The objects of a folder: what `kustomize build` makes of it where it is a Kustomize folder, else those of its YAML files. */
export async function expectedObjects({ folder, components = [] }: ExpectedOptions): Promise<KubeObject[]> {
  if (components.length > 0) return withComponents(folder, components);
  const isKustomize = await readFile(join(folder, 'kustomization.yaml')).then(
    () => true,
    () => false,
  );
  if (isKustomize) return build(folder);
  const files = Object.entries(await readTree(folder)).filter(([path]) => /\.ya?ml$/.test(path));
  return files.flatMap(([file, text]) => parseManifests(text, { file }).map(({ object }) => object));
}
