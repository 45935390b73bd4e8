/** A value that SQLite takes or gives. */
export type Cell = null | number | bigint | string | Uint8Array;
/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, Cell>>;

/** Absent becomes NULL. */
export function cell(value: string | number | Uint8Array | undefined): Cell {
  return value ?? null;
}

/** Absent becomes NULL, everything else its JSON. */
export function jsonCell(value: object | undefined): Cell {
  return value === undefined ? null : JSON.stringify(value);
}

/** Undoes {@link jsonCell}; the caller knows what was written and says so by a cast. */
export function fromJson(value: Cell | undefined): unknown {
  return typeof value === 'string' ? JSON.parse(value) : undefined;
}
