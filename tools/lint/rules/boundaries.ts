import { mayImport, mayUse, mayUseNode, placeOf, type Place } from '../layers.ts';
import { isTest, type Finding, type Import, type SourceText } from '../source.ts';

/** What the rule needs to know of the repository. */
export interface Workspace {
  /** True if the folder has an `index.ts`. */
  isDoor(folder: string): boolean;
  /** The file that a specifier of ours, such as `@fairlead/core/model`, leads to; undefined if to none. */
  resolve(from: string, specifier: string): string | undefined;
}

/** A line of code knows its room: imports follow the table of layers and go through doors. */
export function boundaries(file: SourceText, workspace: Workspace): Finding[] {
  const place = placeOf(file.path, workspace.isDoor);
  if (!place) return [];
  return file.imports.flatMap((one) => {
    const message = judge(file, { place, one, workspace });
    return message === undefined ? [] : [{ path: file.path, line: one.line, rule: 'boundaries', message }];
  });
}

function judge(
  file: SourceText,
  { place, one, workspace }: { place: Place; one: Import; workspace: Workspace },
): string | undefined {
  const { specifier } = one;
  if (specifier.startsWith('.') || specifier.startsWith('@fairlead/')) {
    const resolved = workspace.resolve(file.path, specifier);
    if (resolved === undefined) return `${specifier} leads to no file`;
    const other = placeOf(resolved, workspace.isDoor);
    if (!other || other.room === place.room) return undefined;
    if (specifier.startsWith('.'))
      return `${specifier} leaves the room ${place.room}; import the other room by its package name`;
    if (isTest(file.path)) return undefined;
    if (!mayImport[place.layer].includes(other.layer))
      return `${place.layer} may not import ${other.layer} (${specifier})`;
    return undefined;
  }
  return isTest(file.path) ? undefined : outside(file, { place, one });
}

function outside(file: SourceText, { place, one }: { place: Place; one: Import }): string | undefined {
  const { specifier } = one;
  if (specifier.startsWith('node:')) {
    const allowed = mayUseNode[place.layer];
    if (!allowed || allowed.includes(specifier)) return undefined;
    if (
      place.room === 'libs/core/bundle' &&
      specifier === 'node:crypto' &&
      one.names.every((name) => name === 'createHash')
    )
      return undefined;
    return `${place.layer} may not import ${specifier}`;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const allowed = mayUse[place.layer];
  if (name.startsWith('@nestjs') && place.layer !== 'roles' && place.layer !== 'hubApps')
    return `Nest lives in roles and in the apps of the hub only (${specifier})`;
  if (place.layer === 'ports' && name === 'vitest' && file.path.includes('/contracts/')) return undefined;
  return allowed.includes('*') || allowed.includes(name) ? undefined : `${place.layer} may not use the library ${name}`;
}
