import type { RolloutView } from '@fairlead/wire/rest';
import { candidateOf } from '../model/actions.ts';
import { short } from '../model/words.ts';
import { State } from './State.tsx';
import { Table } from './Table.tsx';
import { Why } from './Why.tsx';

/** What comes next: the candidate at the door, and each gate with its verdict. */
export function Door({ rollout }: { rollout: RolloutView }) {
  const { next, gates, candidate, message } = rollout;
  // Said once is enough, where nothing is in force yet.
  if (next === undefined || (next.message === message && candidate === undefined)) return null;
  return (
    <section aria-labelledby="next">
      <h2 id="next">Next</h2>
      {next.message !== message && <Why {...next} />}
      {candidate !== undefined && <CandidateLine text={candidate} />}
      {gates.length > 0 && <Gates gates={gates} />}
    </section>
  );
}

function CandidateLine({ text }: { text: string }) {
  const { release, definition, sources } = candidateOf(text);
  return (
    <p className="faint">
      Candidate <code title={release}>{short(release)}</code>, defined by{' '}
      <code title={definition}>{short(definition)}</code>
      {sources.map((source) => {
        const [name = '', revision = ''] = source.split('=');
        return (
          <span key={source}>
            , {name} <code title={revision}>{short(revision)}</code>
          </span>
        );
      })}
    </p>
  );
}

function Gates({ gates }: Pick<RolloutView, 'gates'>) {
  return (
    <Table heads={['Gate', 'Verdict', 'Why']}>
      {gates.map((gate, at) => (
        // Two gates of one kind may stand at one door, always in this order.
        <tr key={`${gate.gate} ${at}`}>
          <th scope="row">{gate.gate}</th>
          <td>
            <State word={gate.verdict} />
          </td>
          <td>
            <Why {...gate} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
