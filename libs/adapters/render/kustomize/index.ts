import { mkdir, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { printJson, type Patch } from '@fairlead/core/model';
import type { Patcher, Renderer } from '@fairlead/ports/renderer';
import { run, toolOf, versionsOf, withTree, type Tool } from '../process.ts';
import { refuseRemote } from './remote.ts';

/** `kustomize build` of a folder, with components on top where the application names some. */
export function kustomizeRenderer(tools: readonly Tool[]): Renderer {
  return {
    kind: 'Kustomize',
    versions: async () => versionsOf(tools),
    async render({ files, path, components, version, signal }) {
      const tool = toolOf(tools, { name: 'kustomize', version });
      refuseRemote(files);
      return withTree(files, async (folder) => {
        const start = components.length === 0 ? join('tree', path) : await wrap(folder, { path, components });
        const text = await run({
          tool,
          args: ['build', join(folder, start)],
          folder,
          ...(signal ? { signal } : {}),
        });
        return [{ origin: `kustomize build ${path}`, text }];
      });
    },
  };
}

/**
 * A kustomization that adds the components to the path; kustomize reads JSON as YAML. It lies beside the source's files and
 * not among them: below the path it would be a cycle.
 */
async function wrap(
  folder: string,
  { path, components }: { path: string; components: readonly string[] },
): Promise<string> {
  const start = 'with-components';
  const inTree = (one: string): string => posix.join('..', 'tree', one);
  await mkdir(join(folder, start));
  const kustomization = { resources: [inTree(path)], components: components.map(inTree) };
  await writeFile(join(folder, start, 'kustomization.yaml'), JSON.stringify(kustomization));
  return start;
}

/** Patches by kustomize, which knows the merge keys of Kubernetes' own kinds. */
export function kustomizePatcher(tools: readonly Tool[]): Patcher {
  return {
    versions: async () => versionsOf(tools),
    patch(manifests, { patches, version, signal }) {
      const tool = toolOf(tools, { name: 'kustomize', version });
      const kustomization = { resources: ['manifests.yaml'], patches: patches.map(written) };
      const files = new Map([
        ['manifests.yaml', { bytes: Buffer.from(manifests), executable: false }],
        ['kustomization.yaml', { bytes: Buffer.from(JSON.stringify(kustomization)), executable: false }],
      ]);
      return withTree(files, (folder) =>
        run({ tool, args: ['build', join(folder, 'tree')], folder, ...(signal ? { signal } : {}) }),
      );
    },
  };
}

/**
 * A patch as kustomize wants it: targets are anchored regular expressions there, so names are quoted; and the body of
 * a strategic merge patch must look like an object, though its name is not read when there is a target.
 */
function written({ target, patch }: Patch): { target: Record<string, string>; patch: string } {
  const quoted = Object.entries(target).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const body = Array.isArray(patch)
    ? patch
    : {
        apiVersion: 'v1',
        kind: target.kind ?? 'Any',
        ...patch,
        metadata: { name: 'any', ...(patch as { metadata?: object }).metadata },
      };
  return {
    target: Object.fromEntries(quoted.map(([key, value]) => [key, value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')])),
    patch: printJson(body),
  };
}
