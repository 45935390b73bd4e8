import type { ApplicationView } from '@fairlead/wire/rest';
import { useQuery } from '@tanstack/react-query';
import { readApplications } from '../live/applications.ts';
import { keys } from '../live/keys.ts';
import { boardOf, type Cell, type Row } from '../model/board.ts';
import { hashOf } from '../model/place.ts';
import { counted } from '../model/words.ts';
import { Asked } from './Asked.tsx';
import { useHub } from './hub.ts';
import { Problems } from './Problems.tsx';
import { State } from './State.tsx';
import { Table } from './Table.tsx';

/** Applications by environments: what runs where, and what waits for a person. */
export function Board() {
  const { client } = useHub();
  const applications = useQuery({ queryKey: keys.applications, queryFn: () => readApplications(client) });
  return (
    <>
      <FleetLine />
      <Asked answer={applications}>{(data) => <BoardTable applications={data} />}</Asked>
    </>
  );
}

function FleetLine() {
  const { client } = useHub();
  const fleet = useQuery({ queryKey: keys.fleet, queryFn: () => client.call('getFleet') });
  return (
    <Asked answer={fleet}>
      {({ name, clusters, applications, problems }) => (
        <>
          <title>{`${name} · Fairlead`}</title>
          <div className="title">
            <h1>{name || 'Fleet'}</h1>
            <p className="faint">
              {counted(applications.total, 'application')} in {counted(clusters.total, 'cluster')}
              {Object.entries(clusters.connection).map(([word, count]) => ` · ${count} ${word}`)}
            </p>
          </div>
          <Problems problems={problems} />
        </>
      )}
    </Asked>
  );
}

function BoardTable({ applications }: { applications: readonly ApplicationView[] }) {
  const { columns, rows } = boardOf(applications);
  if (rows.length === 0) return <p className="faint">The fleet repository defines no application yet.</p>;
  return (
    <section className="scroll" aria-label="Applications by environment">
      <Table className="board" heads={['Application', ...columns]}>
        {rows.map((row) => (
          <BoardRow key={row.application} row={row} columns={columns} />
        ))}
      </Table>
    </section>
  );
}

function BoardRow({ row, columns }: { row: Row; columns: readonly string[] }) {
  return (
    <tr>
      <th scope="row">
        {row.application}
        {row.problems.length > 0 && (
          <span className="row-problem">
            <State word={counted(row.problems.length, 'problem')} tone="bad" why={row.problems.join('\n')} />
          </span>
        )}
      </th>
      {columns.map((column, at) => (
        <td key={column} data-label={column}>
          {row.cells[at] && <BoardCell cell={row.cells[at]} application={row.application} />}
        </td>
      ))}
    </tr>
  );
}

function BoardCell({ cell, application }: { cell: Cell; application: string }) {
  const { environment, version, clusters, inSync, state, tone, marks } = cell;
  const label = `${application} in ${environment}: ${version ?? 'nothing yet'}, ${state}, ${inSync} of ${clusters} clusters in sync`;
  return (
    <a
      className="cell"
      href={hashOf({ kind: 'Rollout', environment, application })}
      aria-label={[label, ...marks.map(({ text }) => text)].join(', ')}
    >
      <span className="version">{version ?? '–'}</span>
      <span className="counts" title="clusters in sync">
        {inSync}/{clusters}
      </span>
      {state !== 'Halted' && <State word={state} tone={tone} />}
      {marks.map((mark) => (
        <State key={mark.text} word={mark.text} tone={mark.tone} why={mark.why} />
      ))}
    </a>
  );
}
