import type { HistoryView } from '@fairlead/wire/rest';
import { short } from '../model/words.ts';
import { Table } from './Table.tsx';

/** The newest commits of the ledger here. */
export function History({ lines }: { lines: readonly HistoryView[] }) {
  return (
    <section aria-labelledby="history">
      <h2 id="history">Ledger</h2>
      <Table heads={['Commit', 'When', 'By', 'What']}>
        {lines.map(({ commit, timeMs, author, message }) => (
          <tr key={commit}>
            <td>
              <code title={commit}>{short(commit)}</code>
            </td>
            <td>
              <time dateTime={new Date(timeMs).toISOString()}>{new Date(timeMs).toLocaleString()}</time>
            </td>
            <td>{author}</td>
            <td>{message}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
