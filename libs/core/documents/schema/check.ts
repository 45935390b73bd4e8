import { FairleadError, type Subject } from '@fairlead/core/model';
import { lineOf, type Path } from '../yaml/locate.ts';
import { complaints, pathText, type Issue } from './complaints.ts';
import type { SchemaNode } from './fields.ts';

/** A zod schema of a document, as far as it is used here. */
export interface DocumentSchema<Value> extends SchemaNode {
  safeParse(value: unknown): { success: true; data: Value } | { success: false; error: { issues: readonly unknown[] } };
}

/** Where a document stands. */
export interface DocumentPlace {
  readonly file: string;
  /** Of the file, where {@link text} begins. */
  readonly line: number;
  readonly text: string;
}

/** What a problem says beyond its place. */
export interface Problem {
  /** The document: `Environment prod`. */
  readonly what: string;
  readonly path: Path;
  /** What the text begins with, where that is not the path. */
  readonly shown?: Path;
  readonly text: string;
  readonly reason?:
    | 'InvalidDocument'
    | 'UnknownReference'
    | 'TeamUnknown'
    | 'TeamForbids'
    | 'PipelineCycle'
    | 'DependencyCycle'
    | 'DuplicateDocument'
    | 'RevisionGone';
  readonly subject?: Subject;
}

/** The error for a problem in a document, with the line of the field. */
export function problemAt(
  place: DocumentPlace,
  { what, path, shown = path, text, reason = 'InvalidDocument', subject }: Problem,
): FairleadError {
  const line = place.line + lineOf(place.text, path) - 1;
  const field = pathText(path);
  const head = pathText(shown);
  return new FairleadError(`Cannot use ${what} at ${place.file}:${line}: ${head === '' ? '' : `${head} `}${text}`, {
    code: 'InvalidInput',
    reason,
    subject: { file: place.file, line, ...(field === '' ? {} : { field }), ...subject },
  });
}

/** Of one document. */
const mostProblems = 20;

/** A value checked by its schema: either the value with defaults filled in, or what is wrong with it. */
export function checkValue<Value>(
  value: unknown,
  options: {
    readonly schema: DocumentSchema<Value>;
    readonly place: DocumentPlace;
    readonly what: string;
    readonly subject?: Subject;
  },
):
  | { readonly value: Value; readonly problems: readonly [] }
  | { readonly value?: undefined; readonly problems: readonly FairleadError[] } {
  const { schema, place, what, subject = {} } = options;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, problems: [] };
  const found = complaints(parsed.error.issues as readonly Issue[], { schema, value });
  // Each names its line, for which the text is read again: a document that is wrong throughout is told so in part.
  return {
    problems: found.slice(0, mostProblems).map((complaint) => problemAt(place, { what, subject, ...complaint })),
  };
}
