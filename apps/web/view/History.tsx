import type { HistoryView } from '@fairlead/wire/rest';
import { short } from '../model/words.ts';

/** The newest commits of the ledger here. */
export function History({ lines }: { lines: readonly HistoryView[] }) {
  return (
    <section aria-labelledby="history">
      <h2 id="history">Ledger</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Commit</th>
            <th scope="col">When</th>
            <th scope="col">By</th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
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
        </tbody>
      </table>
    </section>
  );
}
