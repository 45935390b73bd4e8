import { parse } from '@marcbachmann/cel-js';
import type { Gate, Source, VerificationGate } from '@fairlead/core/model';
import type { Problem } from '../schema/check.ts';
import { didYouMean } from '../schema/suggest.ts';
import type { Path } from '../yaml/locate.ts';
import type { Names } from './names.ts';

/** What is wrong at one place of a document. */
export type Finding = Pick<Problem, 'path' | 'text' | 'reason'>;

/** Where gates stand, and what they may name. */
export interface GatePlace {
  readonly path: Path;
  readonly names: Names;
  readonly environment: string;
  /** The sources of the application whose gates these are; unknown for those of an environment. */
  readonly sources?: Readonly<Record<string, Source>>;
  /** The environments that the entry waits for; unknown for the gates of an environment. */
  readonly after?: readonly string[];
  /** Who approves where a gate names nobody, if that is known and somebody. */
  readonly approvers?: readonly string[];
}

/** What gates at a path refer to that is not there: applications, people and teams; and expressions that are none. */
export function findInGates(gates: readonly Gate[], { path, ...place }: GatePlace): Finding[] {
  return gates.flatMap((gate, at): Finding[] => {
    if ('dependency' in gate) return ofDependency(gate.dependency.application, { ...place, path: [...path, at] });
    if ('check' in gate) return ofExpression(gate.check.pass, [...path, at, 'check', 'pass']);
    if ('metric' in gate) return ofExpression(gate.metric.pass, [...path, at, 'metric', 'pass']);
    if ('commitStatus' in gate)
      return ofSource(gate.commitStatus.source, { ...place, path: [...path, at, 'commitStatus', 'source'] });
    if ('verification' in gate) return ofVerification(gate, { ...place, path: [...path, at, 'verification'] });
    if ('approval' in gate) return ofApproval(gate.approval, { ...place, path: [...path, at, 'approval'] });
    return [];
  });
}

/** As far as it can be told without an answer: what it may cost, and which names it knows, is seen when it is asked. */
function ofExpression(text: string, path: Path): Finding[] {
  try {
    parse(text);
    return [];
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
    return [{ path, reason: 'InvalidDocument', text: `is no CEL expression: ${why}. Correct it.` }];
  }
}

function ofDependency(application: string, { path, names, environment }: GatePlace): Finding[] {
  const at = { path: [...path, 'dependency', 'application'], reason: 'UnknownReference' } as const;
  const entered = names.applications.get(application);
  if (entered === undefined) {
    const near = didYouMean(application, names.applications.keys());
    const text = `names the application \`${application}\`, which no document defines${near || '.'} Correct the name (TEAM/NAME).`;
    return [{ ...at, text }];
  }
  if (entered.has(environment)) return [];
  const text = `names the application \`${application}\`, which never enters ${environment}. Add ${environment} to its pipeline, or take the gate away.`;
  return [{ ...at, text }];
}

function ofSource(name: string, { path, sources }: GatePlace): Finding[] {
  if (sources === undefined) return [];
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source !== undefined && 'git' in source) return [];
  const why = source === undefined ? 'which this application does not have' : 'which is no git repository';
  const text = `asks for the commit of the source \`${name}\`, ${why}. Name a git source of the application.`;
  return [{ path, reason: 'UnknownReference', text }];
}

/** It needs an environment to run in, and files that a render may read. */
function ofVerification(
  { verification }: VerificationGate,
  { path, environment, after, sources = {} }: GatePlace,
): Finding[] {
  if (after?.length === 0) {
    const text = `needs an environment before ${environment} to run its Job in, and there is none. Move the gate to an entry that waits for ${environment}.`;
    return [{ path, reason: 'InvalidDocument', text }];
  }
  const main = Object.hasOwn(sources, 'main') ? sources['main'] : undefined;
  if (main === undefined || !('git' in main)) return [];
  const { root = main.git.path } = main.git;
  const wanted = verification.path;
  if (root === '.' || wanted === root || wanted.startsWith(`${root}/`) || wanted.startsWith('.sources/')) return [];
  const text = `is \`${wanted}\`, and renders read nothing outside of \`${root}\`. Set the source's \`root\` to a folder that holds both.`;
  return [{ path: [...path, 'path'], reason: 'InvalidDocument', text }];
}

type Approval = Extract<Gate, { approval: unknown }>['approval'];

function ofApproval({ from, count }: Approval, { path, names, approvers: own = [] }: GatePlace): Finding[] {
  if (from === undefined) return own.length === 0 ? [] : tooFew(own, { path, count });
  const approvers = new Set([...names.teams.values()].flatMap((team) => team?.spec.approvers ?? []));
  const findings: Finding[] = [];
  const able = new Set<string>();
  for (const [at, name] of from.entries()) {
    const team = names.teams.get(name);
    const add = (text: string): void =>
      void findings.push({ path: [...path, 'from', at], reason: 'UnknownReference', text });
    if (team !== undefined) {
      for (const one of team.spec.approvers) able.add(one);
      if (team.spec.approvers.length === 0)
        add(`names the team \`${name}\`, which has no approvers. Add \`approvers\` to its document.`);
    } else if (approvers.has(name)) able.add(name);
    // A team whose document cannot be read is there: who it is, is not known until it is corrected.
    else if (names.teams.has(name)) return findings;
    else {
      const near = didYouMean(name, [...names.teams.keys(), ...approvers]);
      add(
        `names \`${name}\`, who is neither a team nor an approver of any team${near || '.'} Correct the name, or add it to the \`approvers\` of a Team document.`,
      );
    }
  }
  return findings.length > 0 ? findings : tooFew([...able], { path, count });
}

function tooFew(able: readonly string[], { path, count }: { path: Path; count: number }): Finding[] {
  if (able.length >= count) return [];
  const text = `asks for ${count} approvals, and ${able.length} may give them: ${able.join(', ')}. Ask for fewer, or name more.`;
  return [{ path: [...path, 'count'], reason: 'InvalidDocument', text }];
}
