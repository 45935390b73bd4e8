import type { Gate } from '@fairlead/core/model';
import type { DependencyEvidence, GateKind, Verdict } from '../verdict.ts';

type DependencyGate = Extract<Gate, { dependency: unknown }>;

/**
 * `dependency`: another application's release is in the same environment, in sync and healthy on every cluster that counts
 * and that this application runs on.
 */
export const dependency: GateKind<'dependencies'> = {
  kind: 'dependency',
  uses: ['dependencies'],
  judge(gate, { dependencies }) {
    const { application } = (gate as DependencyGate).dependency;
    const found = Object.hasOwn(dependencies, application) ? dependencies[application] : undefined;
    const { clusters = [], version } = found ?? {};
    const excluded = clusters.flatMap(({ cluster, excluded: reason }) =>
      reason === undefined ? [] : [{ cluster, reason }],
    );
    const word = found === undefined ? unknown(`Nothing is known of ${application} here.`) : judge(application, found);
    const state =
      word.verdict === 'Passed'
        ? `=${application}@${version?.replaceAll(/[\s,]+/g, ' ')}`
        : ` ${word.verdict.toLowerCase()}`;
    return { gate: 'dependency', excluded, trailer: `dependency${state}`, ...word };
  },
};

type Word = Pick<Verdict, 'verdict' | 'reason' | 'message'>;

function unknown(message: string): Word {
  return { verdict: 'Unknown', reason: 'GateUnknown', message };
}

function judge(application: string, { version, halted, clusters, missing }: DependencyEvidence): Word {
  const wait = (message: string): Word => ({ verdict: 'Waiting', reason: 'WaitsForDependency', message });
  if (version === undefined) return wait(`${application} has no release here yet.`);
  const release = `${application} ${version}`;
  if (halted) return wait(`The rollout of ${release} is halted here.`);
  if (missing.length > 0) {
    return wait(`${application} is not meant for ${missing.length} of the clusters, such as ${missing[0]}.`);
  }
  const counting = clusters.filter((cluster) => cluster.excluded === undefined);
  if (counting.length === 0) return unknown(`No cluster that counts runs ${application}, so nothing is known.`);
  const unhealthy = counting.filter((cluster) => cluster.healthySinceMs === undefined);
  if (unhealthy.length === 0) {
    const message = `${release} is in sync and healthy on ${counting.length} of ${counting.length} clusters.`;
    return { verdict: 'Passed', reason: 'Entered', message };
  }
  return wait(
    `${unhealthy.length} of ${counting.length} clusters do not run ${release} in sync and healthy, such as ${unhealthy[0]?.cluster}.`,
  );
}
