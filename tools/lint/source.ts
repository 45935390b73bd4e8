import { readFileSync } from 'node:fs';
import { parseSync, type Node } from 'oxc-parser';

/** One import of a file: what it names, where, and whether it vanishes when types are stripped. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

/** A parsed source file; paths have `/` and start at the root of the repository. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly imports: readonly Import[];
  lineAt(offset: number): number;
}

/** One broken rule. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** Reads and parses a file below the root. */
export function readSource(root: string, path: string): SourceText {
  return parseSource(path, readFileSync(`${root}/${path}`, 'utf8'));
}

/** Parses text as the file at `path`. Throws on text that is no TypeScript. */
export function parseSource(path: string, text: string): SourceText {
  const parsed = parseSync(path, text, { sourceType: 'module' });
  const error = parsed.errors[0];
  if (error) throw new Error(`${path}: ${error.message}`);
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const lineAt = (offset: number): number => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  return { path, text, program: parsed.program, imports: importsOf(parsed.program, lineAt), lineAt };
}

function importsOf(program: Node, lineAt: (offset: number) => number): Import[] {
  const found: Import[] = [];
  walk(program, (node) => {
    const source = 'source' in node ? (node.source as Node | null) : null;
    if (!source || source.type !== 'Literal' || typeof source.value !== 'string') return;
    const specifiers = 'specifiers' in node ? (node.specifiers as Node[]) : [];
    const kind = 'importKind' in node ? node.importKind : 'exportKind' in node ? node.exportKind : 'value';
    const names = specifiers.map((one) =>
      'imported' in one && 'name' in (one.imported as object) ? (one.imported as { name: string }).name : '*',
    );
    const eachType =
      specifiers.length > 0 && specifiers.every((one) => 'importKind' in one && one.importKind === 'type');
    found.push({ specifier: source.value, line: lineAt(node.start), names, typeOnly: kind === 'type' || eachType });
  });
  return found;
}

/** Visits every node below and including `node`, parents first. */
export function walk(
  node: Node,
  visit: (node: Node, parents: readonly Node[]) => void,
  parents: readonly Node[] = [],
): void {
  visit(node, parents);
  const inside = [...parents, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && typeof (child as { type?: unknown }).type === 'string')
        walk(child as Node, visit, inside);
    }
  }
}

/** True for files that only tests import. */
export function isTest(path: string): boolean {
  return (
    path.endsWith('.spec.ts') ||
    path.endsWith('.harness.ts') ||
    path.startsWith('apps/e2e/') ||
    path.startsWith('libs/testkit/') ||
    path.includes('/contracts/')
  );
}
