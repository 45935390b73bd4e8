import { dependenciesIn, type Application, type Environment } from '@fairlead/core/model';
import type { Finding } from './gates.ts';
import { findCircle } from './pipeline.ts';

/** The documents that can wait for each other. */
export interface Waiting {
  readonly applications: ReadonlyMap<string, Application>;
  readonly environments: ReadonlyMap<string, Environment>;
}

/** What each application waits for in one environment. A gate of the environment makes nobody wait for itself. */
function waitingIn(environment: string, { applications, environments }: Waiting): Map<string, readonly string[]> {
  const all = dependenciesIn(environments.get(environment)?.spec.gates ?? []);
  const waiting = new Map<string, readonly string[]>();
  for (const [id, { spec }] of applications) {
    const entry = spec.pipeline.find((one) => one.environment === environment);
    if (entry !== undefined) waiting.set(id, [...all.filter((other) => other !== id), ...dependenciesIn(entry.gates)]);
  }
  return waiting;
}

/** Applications that wait for each other in a circle, in some environment: none of them would ever enter it. */
export function findDependencyCircles(documents: Waiting): ReadonlyMap<string, readonly Finding[]> {
  const found = new Map<string, Finding[]>();
  const entered = new Set(
    [...documents.applications.values()].flatMap(({ spec }) => spec.pipeline.map((one) => one.environment)),
  );
  for (const environment of entered) {
    const waiting = waitingIn(environment, documents);
    for (let circle = findCircle(waiting); circle !== undefined; circle = findCircle(waiting)) {
      for (const id of new Set(circle)) {
        waiting.delete(id);
        found.set(id, [...(found.get(id) ?? []), finding(circle, { id, environment, documents })]);
      }
    }
  }
  return found;
}

interface Place {
  readonly id: string;
  readonly environment: string;
  readonly documents: Waiting;
}

function finding(circle: readonly string[], { id, environment, documents }: Place): Finding {
  const pipeline = documents.applications.get(id)?.spec.pipeline ?? [];
  const entry = pipeline.findIndex((one) => one.environment === environment);
  const gate = pipeline[entry]?.gates.findIndex(
    (one) => 'dependency' in one && circle.includes(one.dependency.application),
  );
  const path = ['spec', 'pipeline', entry, ...(gate === undefined || gate < 0 ? [] : ['gates', gate, 'dependency'])];
  const text = `goes in a circle in ${environment}: ${circle.join(' waits for ')}. Take one \`dependency\` away.`;
  return { path, reason: 'DependencyCycle', text };
}
