/** Where a file lives: which layer's rules hold for it, and which room it must not be reached past. */
export interface Place {
  readonly layer: Layer;
  /** The folder whose `index.ts` is the only way in. */
  readonly room: string;
}

export type Layer =
  | 'model'
  | 'core'
  | 'ports'
  | 'wire'
  | 'shell'
  | 'adapters'
  | 'roles'
  | 'hubApps'
  | 'edgeApps'
  | 'web'
  | 'testkit'
  | 'tools'
  | 'e2e';

/** Who may import whom; the table of `docs/architecture.md`. A layer may always import within its own room. */
export const mayImport: Readonly<Record<Layer, readonly Layer[]>> = {
  model: [],
  core: ['model'],
  ports: ['model', 'ports'],
  wire: ['model', 'wire'],
  shell: ['model', 'core', 'ports'],
  adapters: ['model', 'ports', 'wire'],
  roles: ['model', 'core', 'ports', 'wire', 'shell', 'adapters', 'roles'],
  hubApps: ['roles'],
  edgeApps: ['model', 'core', 'ports', 'wire', 'shell', 'adapters'],
  web: ['model', 'wire'],
  testkit: ['model', 'core', 'ports', 'wire', 'shell', 'adapters', 'roles', 'testkit'],
  tools: ['model', 'core', 'wire', 'shell', 'adapters', 'testkit', 'tools', 'ports'],
  e2e: ['model', 'core', 'wire', 'testkit'],
};

/** Packages from outside that a layer may import; `*` where a library is chosen case by case. */
export const mayUse: Readonly<Record<Layer, readonly string[]>> = {
  model: ['zod'],
  core: ['semver', '@marcbachmann/cel-js', 'croner', 'rfc6902', 'js-yaml', 'yaml'],
  ports: [],
  wire: ['zod', '@bufbuild/protobuf'],
  shell: ['@opentelemetry/api'],
  adapters: ['*'],
  roles: ['*'],
  hubApps: ['*'],
  edgeApps: ['*'],
  web: ['react', 'react-dom', '@tanstack/react-query'],
  testkit: ['*'],
  tools: ['*'],
  e2e: ['*'],
};

/** Modules of Node that a layer may import. */
export const mayUseNode: Partial<Record<Layer, readonly string[]>> = {
  model: [],
  core: [],
  ports: ['node:crypto'],
  wire: [],
  web: [],
  shell: ['node:zlib', 'node:util', 'node:crypto', 'node:buffer'],
};

const edge = new Set(['agent', 'cli']);

/** Finds the place of a path such as `libs/core/model/ids.ts`; undefined for files outside the rooms. */
export function placeOf(path: string, isDoor: (folder: string) => boolean): Place | undefined {
  const [top, first, second] = path.split('/');
  if (top === 'tools' && first) return { layer: 'tools', room: `tools/${first}` };
  if (top === 'apps' && first)
    return {
      layer: first === 'web' ? 'web' : first === 'e2e' ? 'e2e' : edge.has(first) ? 'edgeApps' : 'hubApps',
      room: `apps/${first}`,
    };
  if (top !== 'libs' || !first) return undefined;
  const layer = first === 'core' && second === 'model' ? 'model' : (first as Layer);
  if (!(layer in mayImport)) return undefined;
  return { layer, room: roomOf(path, isDoor) };
}

/** The outermost folder below the library that has a door; a library with a door of its own is one room. */
function roomOf(path: string, isDoor: (folder: string) => boolean): string {
  const parts = path.split('/').slice(0, -1);
  for (let depth = 2; depth <= parts.length; depth += 1) {
    const folder = parts.slice(0, depth).join('/');
    if (isDoor(folder)) return folder;
  }
  return parts.slice(0, 3).join('/');
}
