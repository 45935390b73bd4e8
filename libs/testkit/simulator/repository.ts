import { writeMember } from '@fairlead/core/documents';
import { apiVersion, type Member } from '@fairlead/core/model';
import type { SimulatedIdentity } from './identities.ts';

/** How much the simulated fleet has to run. */
export interface FleetShape {
  readonly agents: readonly Pick<SimulatedIdentity, 'cluster' | 'key'>[];
  readonly applications: number;
  /** ConfigMaps of each application. */
  readonly objects: number;
  /** One over everybody unless told. */
  readonly waves?: readonly WaveShape[];
}

/** One wave of the environment. */
export interface WaveShape {
  /** Its part of the clusters, in percent; together they are all. */
  readonly percent: number;
  /** How many of its clusters at a time. */
  readonly maxConcurrent: string;
}

/** Team and name of the first application. */
export const firstApplication = { team: 'default', name: 'web' } as const;

const everybody: readonly WaveShape[] = [{ percent: 100, maxConcurrent: '100%' }];

/**
 * The fleet repository: one environment over all clusters, everybody available at once, and every simulated cluster a
 * member already, by its key.
 */
export function fleetFiles(shape: FleetShape, sourceUrl: string): Record<string, string> {
  const { agents, applications, waves = everybody } = shape;
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
    waves:
${waves.map(waveText).join('\n')}
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
  for (const [at, { cluster, key }] of agents.entries()) {
    const member: Member = {
      apiVersion,
      kind: 'Member',
      metadata: { name: cluster },
      spec: { labels: { env: 'sim', wave: waveOf((at * 100) / agents.length, waves) }, key, kubernetes: 'v1.36.0' },
    };
    files[`ledger/clusters/${cluster}.yaml`] = writeMember(member);
  }
  return files;
}

function waveText({ maxConcurrent }: WaveShape, at: number): string {
  const name = waveName(at);
  return `      - { name: ${name}, clusters: { matchLabels: { wave: ${name} } }, maxConcurrent: ${maxConcurrent} }`;
}

/** The wave of a cluster that so many percent of all come before. */
function waveOf(before: number, waves: readonly WaveShape[]): string {
  let upTo = 0;
  const found = waves.findIndex(({ percent }) => (upTo += percent) > before);
  return waveName(found === -1 ? waves.length - 1 : found);
}

function waveName(at: number): string {
  return `wave-${at + 1}`;
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
