import type { Gate } from '@fairlead/core/model';
import type { ApprovalEvidence, GateKind, Person, Verdict } from '../verdict.ts';
import { isNamed, mayBeSame } from './people.ts';

/** An approval gate as a document has it. */
export type ApprovalGate = Extract<Gate, { approval: unknown }>;

/** `approval`: so many people, of those that may, said yes to this candidate here; nobody to what they wrote. */
export const approval: GateKind<'approvals'> = {
  kind: 'approval',
  uses: ['approvals'],
  judge: (gate, { approvals }) => judgeApproval(gate as ApprovalGate, approvals),
};

/** Why an approval by this person does not count; undefined where it does. */
export function whyNotCounted(
  gate: ApprovalGate,
  { person, evidence }: { person: Person; evidence: ApprovalEvidence },
): string | undefined {
  const allowed = allowedBy(gate, evidence);
  if (evidence.authors?.some((author) => mayBeSame(author, person)) === true) {
    return `${person.name} wrote what it brings, and nobody approves their own work`;
  }
  if (allowed === undefined || allowed.people.some((entry) => isNamed(person, entry))) return undefined;
  return `${person.name} is none of ${allowed.words}`;
}

function judgeApproval(gate: ApprovalGate, evidence: ApprovalEvidence): Verdict {
  const about = { gate: 'approval', excluded: [] };
  const { count } = gate.approval;
  const stranger = gate.approval.from?.find((name) => peopleOf(name, evidence).length === 0);
  if (stranger !== undefined || evidence.authors === undefined) {
    const message =
      stranger === undefined
        ? 'Who wrote the release is not known: no commit of the ledger names its authors. Promote it by hand.'
        : `It names ${stranger}, who is neither a team with approvers nor an approver of any team.`;
    return { ...about, verdict: 'Unknown', reason: 'GateUnknown', message, trailer: 'approval unknown' };
  }
  const ignored: string[] = [];
  const counted: Person[] = [];
  for (const person of evidence.given) {
    if (counted.some((other) => mayBeSame(other, person))) continue;
    const why = whyNotCounted(gate, { person, evidence });
    if (why === undefined) counted.push(person);
    else ignored.push(` Not counted: ${why}.`);
  }
  const by = counted.map(({ name }) => name);
  const words = `${by.length} of ${count} approvals${by.length === 0 ? '' : `, by ${by.join(' and ')}`}.`;
  const rest = [...new Set(ignored)].join('');
  if (by.length >= count) {
    const trailer = `approval=${by.map((name) => name.replaceAll(/[\s,+]+/g, ' ')).join('+')}`;
    return { ...about, verdict: 'Passed', reason: 'Entered', message: `${words}${rest}`, trailer };
  }
  const who = allowedBy(gate, evidence)?.words ?? 'whoever may write to the ledger';
  const message = `${words} It is for ${who} to give them.${rest}`;
  return { ...about, verdict: 'Waiting', reason: 'WaitsForApproval', message, trailer: 'approval waiting' };
}

/** Who may approve; undefined for everybody who may write to the ledger. */
function allowedBy({ approval: { from } }: ApprovalGate, evidence: ApprovalEvidence) {
  if (from !== undefined) {
    const words = from.map((name) => {
      const people = evidence.teams[name];
      return people === undefined ? name : `${name} (${people.join(', ')})`;
    });
    return { people: from.flatMap((name) => peopleOf(name, evidence)), words: words.join(', ') };
  }
  const { approvers } = evidence;
  return approvers.length === 0 ? undefined : { people: approvers, words: approvers.join(', ') };
}

/** The people that an entry of `from` stands for: those of a team, or one who approves for some team. */
function peopleOf(name: string, { teams }: ApprovalEvidence): readonly string[] {
  if (Object.hasOwn(teams, name)) return teams[name] ?? [];
  return Object.values(teams).some((people) => people.includes(name)) ? [name] : [];
}
