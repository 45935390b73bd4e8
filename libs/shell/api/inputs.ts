import { splitApplicationId, type ApplicationId, type Reason } from '@fairlead/core/model';
import type { ReadPorts } from './ports.ts';

/** A release that cannot enter because of what people wrote; the last good state stays. */
export interface InputProblem {
  readonly reason: string;
  readonly message: string;
  readonly application: string;
  readonly environment: string;
}

/** The reasons that call for a person's hand in a source, in the definition or in the hub's tools: waiting ends none of them. */
const reasons = new Set<Reason>([
  'SourceUnavailable',
  'SourceNotFound',
  'SourceRejected',
  'SourceUnsupported',
  'SourceTooLarge',
  'RevisionGone',
  'RenderFailed',
  'RenderEmpty',
  'RendererMissing',
  'NotReproducible',
  'InvalidManifest',
  'DuplicateObject',
  'TeamForbids',
]);

/** What keeps the newest release of an application out of its environments, as far as its input is at fault. */
export async function inputProblems(ports: ReadPorts, id: ApplicationId): Promise<InputProblem[]> {
  const { team, name } = splitApplicationId(id);
  const pipeline = ports.fleet()?.documents.applications.get(id)?.spec.pipeline ?? [];
  const found = await Promise.all(
    pipeline.map(async ({ environment }): Promise<InputProblem[]> => {
      const next = (await ports.decided(`${environment}/${team}/${name}`))?.next;
      if (next === undefined || !reasons.has(next.reason)) return [];
      return [{ reason: next.reason, message: next.message, application: id, environment }];
    }),
  );
  return found.flat();
}
