import { isTest, walk, type Finding, type SourceText } from '../source.ts';

/** The most that any one file, function or parameter list may have. */
export const limits = { fileLines: 400, functionLines: 70, parameters: 3, injected: 5 };

/** Sizes of a file, for the limits here and for the ratchet over all files. */
export interface Sizes {
  readonly fileLines: number;
  readonly functionLines: readonly number[];
  readonly findings: readonly Finding[];
}

/** Measures a file. Tests may be longer, for a scenario is read from top to bottom; a table's row has as many columns as it needs. */
export function sizes(file: SourceText): Sizes {
  const fileLines = file.text.split('\n').length - 1;
  const functionLines: number[] = [];
  const findings: Finding[] = [];
  const add = (line: number, message: string): void =>
    void findings.push({ path: file.path, line, rule: 'sizes', message });
  if (!isTest(file.path) && fileLines > limits.fileLines)
    add(1, `${fileLines} lines, at most ${limits.fileLines}: split by verb or by noun`);
  walk(file.program, (node, parents) => {
    if (node.type === 'ExportAllDeclaration')
      add(file.lineAt(node.start), '`export *` hides what a door offers: name it');
    if (!('params' in node) || !('body' in node) || !node.body || !Array.isArray(node.params)) return;
    const lines = file.lineAt(node.end) - file.lineAt(node.start) + 1;
    const parent = parents.at(-1);
    const constructor = parent?.type === 'MethodDefinition' && parent.kind === 'constructor';
    const most = constructor ? limits.injected : limits.parameters;
    if (isTest(file.path)) return;
    if (node.params.length > most)
      add(file.lineAt(node.start), `${node.params.length} parameters, at most ${most}: take an options object`);
    functionLines.push(lines);
    if (lines > limits.functionLines)
      add(file.lineAt(node.start), `${lines} lines in one function, at most ${limits.functionLines}`);
  });
  return { fileLines, functionLines, findings };
}
