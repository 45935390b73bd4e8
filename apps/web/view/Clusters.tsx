import type { RolloutView } from '@fairlead/wire/rest';
import { State } from './State.tsx';
import { Table } from './Table.tsx';
import { Why } from './Why.tsx';

/** Where each cluster stands: those that are not done first, as the hub tells them. */
export function Clusters({ clusters }: Pick<RolloutView, 'clusters'>) {
  return (
    <section aria-labelledby="clusters">
      <h2 id="clusters">Clusters</h2>
      <Table heads={['Cluster', 'Wave', 'State', 'Why']}>
        {clusters.map(({ cluster, wave, state, ...why }) => (
          <tr key={cluster}>
            <th scope="row">{cluster}</th>
            <td>{wave ?? <span className="faint">judged alone</span>}</td>
            <td>
              <State word={state} />
            </td>
            <td>
              <Why {...why} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
