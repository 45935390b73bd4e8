import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chainOf, copiesOf, type Stage } from './dockerfile.ts';

/** What an image starts with, as paths below the folder in which it was put together. */
export interface Assembled {
  readonly start: readonly string[];
  readonly check: readonly string[];
}

/**
 * Puts together in `folder` what an image of this target holds of ours: the stage `build` is a folder in which its steps
 * were run. What comes from other images (Node, the renderers) is left out; Node stands as the first word of what starts.
 */
export async function assemble(
  stages: readonly Stage[],
  { target, built, folder }: { target: string; built: string; folder: string },
): Promise<Assembled> {
  const steps = chainOf(stages, target).flatMap((stage) => stage.steps);
  for (const { stage, source, target: to } of copiesOf(steps)) {
    if (stage !== 'build' || !source.startsWith('/src/')) continue;
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await cp(source.replace('/src', built), join(folder, to), { recursive: true });
  }
  const words = (keyword: string): string[] =>
    (steps.findLast((step) => step.keyword === keyword)?.json ?? []).map((word) =>
      word.startsWith('/opt/') ? join(folder, word) : word,
    );
  return { start: [...words('ENTRYPOINT'), ...words('CMD')], check: words('HEALTHCHECK') };
}
