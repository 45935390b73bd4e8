import { isMap, redacted } from '@fairlead/core/model';
import type { Path } from '../yaml/locate.ts';
import { fieldsAt, type SchemaNode } from './fields.ts';
import { didYouMean, nearest } from './suggest.ts';

/** The parts of a zod issue that say what is wrong. */
export interface Issue {
  readonly code?: string;
  readonly path: Path;
  readonly message: string;
  readonly expected?: string;
  readonly keys?: readonly string[];
  readonly values?: readonly unknown[];
  readonly errors?: readonly (readonly Issue[])[];
}

/** What is wrong at one place of a document, with the next step. */
export interface Complaint {
  readonly path: Path;
  /** What the text begins with, where that is not the path. */
  readonly shown?: Path;
  readonly text: string;
}

/** What issues are about. */
export interface Checked {
  readonly schema: SchemaNode;
  readonly value: unknown;
}

/** `spec.gates[0].soak`. */
export function pathText(path: Path): string {
  return path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, key)
        ? (found as Record<PropertyKey, unknown>)[key]
        : undefined;
  }
  return found;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = redacted(typeof value === 'bigint' ? value.toString() : JSON.stringify(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function unknownField(key: string, path: Path, checked: Checked): Complaint {
  const known = fieldsAt(checked.schema, path);
  const near = nearest(key, known);
  const next = near === undefined ? ` Remove it, or use one of: ${known.join(', ')}.` : ` Rename or remove it.`;
  return {
    path: [...path, key],
    shown: path,
    text: `${path.length === 0 ? 'it ' : ''}has the unknown field \`${key}\`${near === undefined ? '.' : `; did you mean \`${near}\`?`}${next}`,
  };
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function wrongType(issue: Issue, value: unknown): string {
  const wanted = nouns[issue.expected ?? ''] ?? issue.expected ?? 'something else';
  if (value === undefined) return `is missing, and must be ${wanted}. Add it.`;
  const quote =
    issue.expected === 'string' && typeof value !== 'object' ? ` Put it in quotes: "${show(value)}".` : ' Correct it.';
  return `must be ${wanted}: current value is ${show(value)}.${quote}`;
}

/** The one branch of a union that knows the fields that are there; its issues are the helpful ones. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter((issues) =>
    issues.every(({ code, path }) => path.length > 0 || (code !== 'unrecognized_keys' && code !== 'invalid_type')),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function ofUnion(issue: Issue, checked: Checked): Complaint[] {
  const meant = meantBranch(issue.errors ?? []);
  if (meant !== undefined)
    return complaintsOf(
      meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
      checked,
    );
  const value = valueAt(checked.value, issue.path);
  const known = fieldsAt(checked.schema, issue.path);
  if (isMap(value)) {
    const unknown = Object.keys(value).filter((key) => !known.includes(key));
    if (unknown.length > 0) return unknown.map((key) => unknownField(key, issue.path, checked));
  }
  const wanted = issue.message === 'Invalid input' ? 'is not one of the forms that may stand here' : issue.message;
  const fields = known.length > 0 && issue.message === 'Invalid input' ? ` (with ${known.join(' or ')})` : '';
  return [{ path: issue.path, text: `${wanted}${fields}: current value is ${show(value)}. Correct it.` }];
}

function complaintsOf(issues: readonly Issue[], checked: Checked): Complaint[] {
  return issues.flatMap((issue): Complaint[] => {
    const { path } = issue;
    const value = valueAt(checked.value, path);
    switch (issue.code) {
      case 'unrecognized_keys':
        return (issue.keys ?? []).map((key) => unknownField(key, path, checked));
      case 'invalid_union':
        return ofUnion(issue, checked);
      case 'invalid_type':
        return [{ path, text: wrongType(issue, value) }];
      case 'invalid_value': {
        const words = (issue.values ?? []).map(String);
        const near = didYouMean(String(value), words);
        return [
          {
            path,
            text: `must be ${words.join(' or ')}: current value is ${value === undefined ? 'nothing' : show(value)}${near || '. Correct it.'}`,
          },
        ];
      }
      default:
        return [
          {
            path,
            text: `${issue.message.replace(/^Invalid input: /, '')}: current value is ${value === undefined ? 'nothing' : show(value)}. Correct it.`,
          },
        ];
    }
  });
}

/**
 * What a person should read of the issues that a schema found in a value: each names its field, what stands there, what
 * was probably meant and what to do. A missing field whose misspelt name is complained of anyway is not named twice.
 */
export function complaints(issues: readonly Issue[], checked: Checked): Complaint[] {
  const all = complaintsOf(issues, checked);
  const misspelt = new Set(
    all.map(({ path, text }) => `${pathText(path.slice(0, -1))}|${/did you mean `([^`]+)`/.exec(text)?.[1]}`),
  );
  return all.filter(
    ({ path, text }) =>
      !text.startsWith('is missing') || !misspelt.has(`${pathText(path.slice(0, -1))}|${String(path.at(-1))}`),
  );
}
