import { agentManifest } from './agentManifest.ts';
import { agentTemplates } from './agentTemplates.ts';

/** Every file under `deploy/` that follows from the code: its path from the root, and what it must hold. */
export function generate(): ReadonlyMap<string, string> {
  return new Map([
    ['deploy/manifests/agent.yaml', agentManifest()],
    ...agentTemplates().map(
      ({ name, text }) => [`deploy/charts/fairlead-agent/templates/generated/${name}`, text] as const,
    ),
  ]);
}
