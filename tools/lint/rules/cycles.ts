import type { Finding } from '../source.ts';

/** Finds imports that lead back to their own file, over the graph `file → files that it imports at run time`. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): Finding[] {
  const state = new Map<string, 'open' | 'done'>();
  const findings: Finding[] = [];
  for (const start of [...graph.keys()].sort()) {
    const path: string[] = [];
    const visit = (file: string): void => {
      const seen = state.get(file);
      if (seen === 'done') return;
      if (seen === 'open') {
        const circle = [...path.slice(path.indexOf(file)), file];
        findings.push({ path: file, line: 1, rule: 'cycles', message: `imports itself: ${circle.join(' → ')}` });
        return;
      }
      state.set(file, 'open');
      path.push(file);
      for (const next of graph.get(file) ?? []) visit(next);
      path.pop();
      state.set(file, 'done');
    };
    visit(start);
  }
  return findings;
}
