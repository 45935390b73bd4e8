import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printJson } from '@fairlead/core/model';
import type { Renderer } from '@fairlead/ports/renderer';
import { run, toolOf, versionsOf, withTree, type Tool } from '../process.ts';

/**
 * `helm template` of a chart that lies in the source, with its CRDs and without its tests. Dependencies must lie in
 * `charts/`. Hooks come as ordinary objects.
 */
export function helmRenderer(tools: readonly Tool[]): Renderer {
  return {
    kind: 'Helm',
    versions: async () => versionsOf(tools),
    render({ files, path, values, releaseName, namespace, kubernetesVersion, version, signal }) {
      const tool = toolOf(tools, { name: 'helm', version });
      return withTree(files, async (folder) => {
        const valuesFile = join(folder, 'values.json');
        await writeFile(valuesFile, printJson(values), { mode: 0o600 });
        const args = [
          'template',
          releaseName,
          join(folder, 'tree', path),
          '--namespace',
          namespace,
          '--values',
          valuesFile,
          '--include-crds',
          '--skip-tests',
          '--kube-version',
          kubernetesVersion,
        ];
        const text = await run({ tool, args, folder, ...(signal ? { signal } : {}) });
        return [{ origin: `helm template ${path}`, text }];
      });
    },
  };
}
