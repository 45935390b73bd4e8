import { FairleadError } from '@fairlead/core/model';
import type { Renderer } from '@fairlead/ports/renderer';

const manifest = /\.(ya?ml|json)$/;

/** Takes every YAML and JSON file below the path as it is, in the order of their paths. Version `1` is this rule. */
export function plainRenderer(): Renderer {
  return {
    kind: 'Plain',
    versions: async () => ['1'],
    async render({ files, path, components }) {
      if (components.length > 0) {
        throw new FairleadError(
          `Cannot render ${path}: components are for Kustomize, and the folder has no kustomization.yaml. Remove \`components\`, or add one.`,
          { code: 'InvalidInput', reason: 'RenderFailed' },
        );
      }
      const prefix = path === '.' ? '' : `${path.replace(/\/$/, '')}/`;
      const names = [...files.keys()].filter((name) => name.startsWith(prefix) && manifest.test(name)).sort();
      return names.map((name) => ({ origin: name, text: Buffer.from(files.get(name)?.bytes ?? []).toString('utf8') }));
    },
  };
}
