import type { PipelineEntry } from '@fairlead/core/model';

/** The environments that an entry waits for, of both forms of `after`. */
export function predecessors(entry: PipelineEntry): readonly string[] {
  if (entry.after === undefined) return [];
  return 'all' in entry.after ? entry.after.all : entry.after.any;
}

/**
 * A pipeline with its defaults written out: `after` is the entry before, and `enter` is AtOnce where there is no
 * predecessor, else WhenFree. The first entry keeps no `after` unless it names one.
 */
export function fillPipeline(pipeline: readonly PipelineEntry[]): PipelineEntry[] {
  return pipeline.map((entry, at) => {
    const before = pipeline[at - 1]?.environment;
    const after = entry.after ?? (before === undefined ? undefined : { all: [before] });
    const enter = entry.enter ?? (after === undefined ? 'AtOnce' : 'WhenFree');
    return after === undefined ? { ...entry, enter } : { ...entry, after, enter };
  });
}

/** Environments of a filled pipeline that wait for each other in a circle, in order, the first again at the end. */
export function findCycle(pipeline: readonly PipelineEntry[]): string[] | undefined {
  return findCircle(new Map(pipeline.map((entry) => [entry.environment, predecessors(entry)])));
}

/** Names that wait for each other in a circle, in order, the first again at the end. */
export function findCircle(all: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const waiting = new Map(all);
  for (let before = -1; before !== waiting.size;) {
    before = waiting.size;
    for (const [environment, after] of waiting)
      if (!after.some((name) => waiting.has(name))) waiting.delete(environment);
  }
  const [start] = waiting.keys();
  if (start === undefined) return undefined;
  const walk: string[] = [start];
  for (;;) {
    const next = (waiting.get(walk.at(-1) ?? '') ?? []).find((name) => waiting.has(name)) ?? start;
    const met = walk.indexOf(next);
    // Found going backwards along `after`, told in the order of the waiting.
    if (met >= 0) return [...walk.slice(met), next];
    walk.push(next);
  }
}
