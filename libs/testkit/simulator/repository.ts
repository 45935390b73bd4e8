import { writeMember } from '@fairlead/core/documents';
import { apiVersion, type Member } from '@fairlead/core/model';
import type { SimulatedIdentity } from './identities.ts';

/** How much the simulated fleet has to run. */
export interface FleetShape {
  readonly agents: readonly Pick<SimulatedIdentity, 'cluster' | 'key'>[];
  readonly applications: number;
  /** ConfigMaps of each application. */
  readonly objects: number;
}

/** Team and name of the first application. */
export const firstApplication = { team: 'default', name: 'web' } as const;

/**
 * The fleet repository: one environment over all clusters, one wave, everybody at once, and every simulated cluster a
 * member already, by its key.
 */
export function fleetFiles({ agents, applications }: FleetShape, sourceUrl: string): Record<string, string> {
  const files: Record<string, string> = {
    'fairlead.yaml': `apiVersion: ${apiVersion}
kind: Fleet
metadata: { name: simulated }
spec:
  ledger: { path: ledger, mode: Commit }
---
apiVersion: ${apiVersion}
kind: Environment
metadata: { name: all }
spec:
  clusters: {}
  rollout:
    waves: [{ name: all, maxConcurrent: 100% }]
    maxUnavailable: 100%
    failureBudget: 100%
`,
  };
  for (let number = 0; number < applications; number += 1) {
    files[`applications/${applicationName(number)}.yaml`] = `apiVersion: ${apiVersion}
kind: Application
metadata: { name: ${applicationName(number)} }
spec:
  source:
    git: { url: "${sourceUrl}", path: ${applicationName(number)}, ref: { branch: main } }
  namespace: shop
  render: Plain
  pipeline:
    - environment: all
`;
  }
  for (const { cluster, key } of agents) {
    const member: Member = {
      apiVersion,
      kind: 'Member',
      metadata: { name: cluster },
      spec: { labels: { env: 'sim' }, key, kubernetes: 'v1.36.0' },
    };
    files[`ledger/clusters/${cluster}.yaml`] = writeMember(member);
  }
  return files;
}

/** The source repository; `round` is in the first object of each application and nowhere else. */
export function sourceFiles({ applications, objects }: FleetShape, round: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let number = 0; number < applications; number += 1)
    for (let object = 0; object < objects; object += 1)
      files[sourcePath(number, object)] = configMap(object, object === 0 ? round : 0);
  return files;
}

/** The one file that another round changes. */
export function changedFile(round: number): Record<string, string> {
  return { [sourcePath(0, 0)]: configMap(0, round) };
}

function sourcePath(application: number, object: number): string {
  return `${applicationName(application)}/settings-${object}.yaml`;
}

function applicationName(number: number): string {
  return number === 0 ? firstApplication.name : `${firstApplication.name}-${number}`;
}

/** About the size of a small manifest. */
function configMap(object: number, round: number): string {
  const lines = Array.from({ length: 8 }, (_, line) => `  line-${line}: "a setting of object ${object} that stays"`);
  return `apiVersion: v1
kind: ConfigMap
metadata: { name: settings-${object} }
data:
  round: "${round}"
${lines.join('\n')}
`;
}
