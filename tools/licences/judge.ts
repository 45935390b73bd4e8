/** Licences that a dependency may have: permissive ones that an Apache-2.0 product can carry. */
export const allowed: ReadonlySet<string> = new Set([
  'Apache-2.0',
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'Zlib',
  'CC0-1.0',
  'Python-2.0',
  'PSF-2.0',
]);

/** Licences that a tool for building may have besides: nothing of it is shipped. */
const allowedForBuilding: ReadonlySet<string> = new Set(['MPL-2.0']);

/** Packages whose manifest says nothing, or says it in an old way; looked up by hand. */
const known: Readonly<Record<string, string>> = {};

/** One installed package and the licence that its manifest states (an SPDX expression). */
export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Only a development dependency leads to it. */
  readonly dev?: boolean;
}

/** The packages that may not be used: a licence off the list, or none. Of `A OR B` one is enough; of `A AND B` both count. */
export function judge(packages: readonly Installed[]): Installed[] {
  return packages.filter((one) => !fits(known[one.name] ?? one.license, one.dev ?? false));
}

function fits(expression: string, dev: boolean): boolean {
  const plain = expression.replace(/[()]/g, '').trim();
  if (plain.includes(' AND ')) return plain.split(' AND ').every((one) => fits(one, dev));
  return plain.split(' OR ').some((one) => allowed.has(one.trim()) || (dev && allowedForBuilding.has(one.trim())));
}
