/** A statement and its values. One with a name is parsed once for each connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What statements are made with. */
export interface StatementOptions {
  /** Seals secret blobs. */
  readonly key: Uint8Array;
  readonly journalLimit: number;
  /** Names the writer of messages in the outbox. */
  readonly self: string;
}

/** A value of a column, as text that PostgreSQL reads. */
export type Cell = string | number | boolean | null;

/** Columns and their types, in order. */
export type Columns = Readonly<Record<string, string>>;

/** Many rows as one parameter for each column, which the server makes rows of again. */
export function rowsStatement(
  shape: { readonly name: string; readonly text: (rows: string) => string; readonly columns: Columns },
  rows: readonly (readonly Cell[])[],
): Statement {
  const names = Object.keys(shape.columns);
  const parameters = Object.values(shape.columns).map((type, at) => `$${at + 1}::${type}[]`);
  const text = shape.text(`unnest(${parameters.join(', ')}) AS put (${names.join(', ')})`);
  return { name: shape.name, text, values: names.map((_, at) => rows.map((row) => row[at] ?? null)) };
}

/** Puts rows in, or their columns in the place of those that are there; one of `kept` stays where its condition holds. */
export function upsertText(
  table: string,
  options: {
    readonly columns: Columns;
    readonly key: readonly string[];
    readonly kept?: Readonly<Record<string, string>>;
  },
) {
  const { key, kept = {} } = options;
  const names = Object.keys(options.columns);
  const valueOf = (name: string): string => {
    const condition = kept[name];
    return condition === undefined
      ? `excluded.${name}`
      : `CASE WHEN ${condition} THEN ${table}.${name} ELSE excluded.${name} END`;
  };
  const others = names.filter((name) => !key.includes(name)).map((name) => `${name} = ${valueOf(name)}`);
  return (rows: string): string =>
    `INSERT INTO ${table} (${names.join(', ')}) SELECT * FROM ${rows}
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${others.join(', ')}`;
}

/** Puts columns into rows that are there. */
export function updateText(table: string, options: { readonly columns: Columns; readonly key: string }) {
  const names = Object.keys(options.columns).filter((name) => name !== options.key);
  const set = names.map((name) => `${name} = put.${name}`).join(', ');
  return (rows: string): string =>
    `UPDATE ${table} SET ${set} FROM ${rows} WHERE ${table}.${options.key} = put.${options.key}`;
}

/** Deletes rows. */
export function deleteText(table: string, key: readonly string[]) {
  const same = key.map((name) => `${table}.${name} = put.${name}`).join(' AND ');
  return (rows: string): string => `DELETE FROM ${table} USING ${rows} WHERE ${same}`;
}
