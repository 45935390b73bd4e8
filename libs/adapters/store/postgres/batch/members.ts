import type { HeadRow } from '@fairlead/ports/store';
import { bytesCell, digestCell, textCell } from '../bytes.ts';
import type { Contact, Draft } from './draft.ts';
import { rowsStatement, updateText, type Cell, type Statement } from './table.ts';

const headColumns = {
  cluster: 'text',
  head_bytes: 'bytea',
  head_signature: 'bytea',
  head_key: 'text',
  epoch: 'bigint',
  generation: 'bigint',
  root: 'bytea',
};

const contactColumns = {
  cluster: 'text',
  session: 'bigint',
  sequence: 'bigint',
  acked_epoch: 'bigint',
  acked_generation: 'bigint',
  acked_root: 'bytea',
  status_digest: 'bytea',
  connected_at_ms: 'bigint',
  last_heard_at_ms: 'bigint',
  unanswered_since_ms: 'bigint',
  connected: 'boolean',
  agent_version: 'text',
  kubernetes_version: 'text',
  gateway: 'text',
};

const headShape = {
  name: 'put-head',
  columns: headColumns,
  text: updateText('cluster', { columns: headColumns, key: 'cluster' }),
};
const contactShape = {
  name: 'put-contact',
  columns: contactColumns,
  text: updateText('cluster', { columns: contactColumns, key: 'cluster' }),
};

/** Rows of members: those that leave, those that come, and what changed of the others. */
export function memberStatements({ dropped, members }: Draft): Statement[] {
  const statements: Statement[] = [];
  const gone = [...dropped].sort();
  if (gone.length > 0)
    for (const table of ['cluster', 'assignment', 'status'])
      statements.push({ text: `DELETE FROM ${table} WHERE cluster = ANY ($1::text[])`, values: [gone] });
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  const fresh = sorted.filter(([, member]) => member.isNew).map(([cluster]) => cluster);
  // Another hub may have made the same row a moment ago: then this fails, and all is judged again over that row.
  if (fresh.length > 0)
    statements.push({ text: 'INSERT INTO cluster (cluster) SELECT unnest($1::text[])', values: [fresh] });
  const heads = sorted.flatMap(([, { head }]) => (head === undefined ? [] : [headCells(head)]));
  if (heads.length > 0) statements.push(rowsStatement(headShape, heads));
  const heard = sorted.flatMap(([cluster, { contact, isHeard }]) => (isHeard ? [contactCells(cluster, contact)] : []));
  if (heard.length > 0) statements.push(rowsStatement(contactShape, heard));
  return statements;
}

function headCells({ cluster, head, position, root }: HeadRow): Cell[] {
  return [
    cluster,
    bytesCell(head.bytes),
    bytesCell(head.signature),
    textCell(head.keyId),
    position.epoch,
    position.generation,
    digestCell(root),
  ];
}

function contactCells(cluster: string, contact: Contact): Cell[] {
  return [
    cluster,
    contact.session,
    contact.sequence,
    contact.ackedPosition?.epoch ?? null,
    contact.ackedPosition?.generation ?? null,
    digestCell(contact.ackedRoot),
    digestCell(contact.statusDigest),
    contact.connectedAtMs ?? null,
    contact.lastHeardAtMs ?? null,
    contact.unansweredSinceMs ?? null,
    contact.connected,
    textCell(contact.agentVersion),
    textCell(contact.kubernetesVersion),
    textCell(contact.gateway),
  ];
}
