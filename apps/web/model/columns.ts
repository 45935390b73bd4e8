/**
 * The environments of several pipelines in one order that keeps the order of each. Where two pipelines contradict each
 * other, the one that comes first is kept.
 */
export function columnsOf(pipelines: readonly (readonly string[])[]): string[] {
  const before = new Map<string, Set<string>>();
  for (const pipeline of pipelines) {
    for (const [at, environment] of pipeline.entries()) {
      const earlier = before.get(environment) ?? new Set();
      before.set(environment, earlier);
      const last = pipeline[at - 1];
      if (last !== undefined) earlier.add(last);
    }
  }
  const columns: string[] = [];
  while (before.size > 0) {
    const open = [...before.keys()];
    const free = open.find((one) => ![...(before.get(one) ?? [])].some((earlier) => before.has(earlier)));
    const next = free ?? open[0] ?? '';
    columns.push(next);
    before.delete(next);
  }
  return columns;
}
