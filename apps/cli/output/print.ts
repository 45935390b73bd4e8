import Table from 'cli-table3';
import { Document, visit } from 'yaml';
import type { Io } from '../io.ts';
import { plain, stateWord, type Paint } from './words.ts';

/** `-o`. */
export const formats = ['table', 'wide', 'json', 'yaml'] as const;
/** One of {@link formats}. */
export type Format = (typeof formats)[number];

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** What a row shows; an empty text is shown as `-`. */
  of(row: Row): string | undefined;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  /** Holds a word of state, to be coloured. */
  readonly state?: boolean;
}

/** Everything that is printed on standard output goes through here. */
export interface Printer {
  readonly format: Format;
  readonly paint: Paint;
  /** True for `json` and `yaml`: only data may be printed. */
  readonly data: boolean;
  /** A list: a table for people, `{ items }` as data. `empty` is said on standard error when there is nothing. */
  rows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options?: { readonly empty?: string }): void;
  /** One thing: `human` for people, `value` as data. */
  thing(value: unknown, human: () => void): void;
  /** A line for people; nothing where data was asked for. */
  line(text?: string): void;
  /** A table for people, inside `human` of {@link Printer.thing}. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void;
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Makes the printer of one run. */
export function printer(io: Io, options: { readonly format: Format; readonly paint: Paint }): Printer {
  const { format, paint } = options;
  const data = format === 'json' || format === 'yaml';

  const value = (given: unknown): void => {
    io.out(format === 'yaml' ? asYaml(given) : `${JSON.stringify(given, bigints, 2)}\n`);
  };

  const table = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void => {
    const shown = columns.filter((column) => !column.wide || format === 'wide');
    const drawn = new Table({
      head: shown.map(({ title }) => paint.bold(title)),
      chars: noBorders,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    });
    for (const row of rows) {
      drawn.push(
        shown.map((column) => {
          const text = plain(column.of(row) || '-');
          return column.state ? stateWord(text, paint) : text;
        }),
      );
    }
    const lines = drawn.toString().split('\n');
    io.out(`${lines.map((line) => line.trimEnd()).join('\n')}\n`);
  };

  return {
    format,
    paint,
    data,
    table,
    rows(rows, columns, { empty } = {}) {
      if (data) value({ items: rows });
      else if (rows.length > 0) table(rows, columns);
      else if (empty !== undefined) io.err(`${empty}\n`);
    },
    thing(given, human) {
      if (data) value(given);
      else human();
    },
    line(text = '') {
      if (!data) io.out(`${text}\n`);
    },
  };
}

/** Texts that YAML 1.1 may read as something else: numbers and dates of any form, merge and default signs, words of yes and no. */
const misread = /^[-+.\d<=~]|^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** As kubectl reads it, which takes YAML nearly as 1.1: what it would not read as text is quoted. */
export function asYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_at, scalar) {
      if (typeof scalar.value === 'string' && misread.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
}

function bigints(_key: string, value: unknown): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return typeof value === 'bigint' ? rawJSON(value.toString()) : value;
}
