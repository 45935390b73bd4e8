import { inputTroublePrefix } from '@fairlead/core/rollout';
import type { ApplicationId } from '@fairlead/core/model';
import type { ReadPorts } from './ports.ts';

/** A release that cannot enter because of what people wrote; the last good state stays. */
export interface InputProblem {
  readonly reason: string;
  readonly message: string;
  readonly application: string;
  readonly environment: string;
}

/** What keeps the newest releases out of environments that git still names, as far as their input is at fault. */
export async function inputProblems(ports: ReadPorts, only?: ApplicationId): Promise<readonly InputProblem[]> {
  const facts = await ports.store.facts(inputTroublePrefix);
  const applications = ports.fleet()?.documents.applications;
  return ([...facts.values()] as unknown as InputProblem[]).filter(({ application, environment }) => {
    if (only !== undefined && application !== only) return false;
    const definition = applications?.get(application as ApplicationId);
    return definition?.spec.pipeline.some((entry) => entry.environment === environment) ?? false;
  });
}
