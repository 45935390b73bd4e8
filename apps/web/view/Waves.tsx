import type { RolloutView } from '@fairlead/wire/rest';
import { State } from './State.tsx';
import { Table } from './Table.tsx';
import { Why } from './Why.tsx';

type Wave = RolloutView['waves'][number];

/** The waves in their order, each with its share of clusters that are done and on their way. */
export function Waves({ waves }: { waves: readonly Wave[] }) {
  return (
    <section aria-labelledby="waves">
      <h2 id="waves">Waves</h2>
      <Table heads={['Wave', 'State', 'Done', 'Why']}>
        {waves.map((wave) => (
          <tr key={wave.name}>
            <th scope="row">{wave.name}</th>
            <td>
              <State word={wave.state} />
            </td>
            <td>
              <Bar {...wave} />
            </td>
            <td>
              <Why {...wave} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Bar({ done, inProgress, total }: Pick<Wave, 'done' | 'inProgress' | 'total'>) {
  const width = (count: number): string => `${total === 0 ? 0 : Math.min(100, (100 * count) / total)}%`;
  return (
    <span className="bar-line">
      <span className="bar" aria-hidden="true">
        <span className="done" style={{ width: width(done) }} />
        <span className="going" style={{ width: width(inProgress) }} />
      </span>
      <span className="counts">
        {done}/{total}
        {inProgress > 0 && `, ${inProgress} on the way`}
      </span>
    </span>
  );
}
