import {
  apiVersion,
  application,
  asFairleadError,
  cluster,
  environment,
  FairleadError,
  fleet,
  team,
  type Application,
  type Cluster,
  type Environment,
  type Fleet,
  type Team,
} from '@fairlead/core/model';
import { checkValue, problemAt, type DocumentPlace, type DocumentSchema } from '../schema/check.ts';
import { didYouMean } from '../schema/suggest.ts';
import { checkLength, readChunk, splitDocuments, type YamlChunk } from '../yaml/read.ts';
import { checkWindows } from './windows.ts';

/** The documents of a fleet repository, by kind. */
export interface DocumentKinds {
  readonly Fleet: Fleet;
  readonly Environment: Environment;
  readonly Application: Application;
  readonly Cluster: Cluster;
  readonly Team: Team;
}

/** A document that follows its schema, with defaults filled in. */
export type ParsedDocument = {
  [Kind in keyof DocumentKinds]: DocumentPlace & {
    readonly kind: Kind;
    readonly name: string;
    /** Of the file: the document's own first line, below the comments that its text begins with. */
    readonly begins: number;
    readonly value: DocumentKinds[Kind];
  };
}[keyof DocumentKinds];

/** A document that cannot be used, and what could be read of whose it is. */
export interface BrokenDocument {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly kind?: string;
  readonly name?: string;
}

/** All that one file says. A pure function of its path and text, so that callers may keep it by the file's object id. */
export interface ParsedFile {
  readonly path: string;
  readonly documents: readonly ParsedDocument[];
  readonly broken: readonly BrokenDocument[];
  readonly problems: readonly FairleadError[];
}

const schemas: { readonly [Kind in keyof DocumentKinds]: DocumentSchema<DocumentKinds[Kind]> } = {
  Fleet: fleet,
  Environment: environment,
  Application: application,
  Cluster: cluster,
  Team: team,
};
const kinds = Object.keys(schemas);
const ledgerKinds = ['Release', 'Member', 'Hub'];

const namesUs = /apiVersion["']?\s*:\s*["']?fairlead\.dev\//;
const namesNoVersion = /^apiVersion\s*:/m;
const namesOurKind = new RegExp(`^kind\\s*:\\s*["']?(?:${kinds.join('|')})["']?\\s*$`, 'm');

/** Fleet repositories may hold anything beside the documents: manifests, charts, other tools' files. Those are not read. */
function isOurs(text: string): boolean {
  return namesUs.test(text) || (namesOurKind.test(text) && !namesNoVersion.test(text));
}

/** What a text that is no YAML still tells of itself. */
function guess(text: string): { kind?: string; name?: string } {
  const kind = /^kind\s*:\s*["']?(\w+)/m.exec(text)?.[1];
  const name =
    /^metadata\s*:(?:\s*\{[^}\n]*?\bname\s*:|[^\n]*\n(?:[ \t]+[^\n]*\n)*?[ \t]+name\s*:)\s*["']?([a-z0-9-]+)/m.exec(
      text,
    )?.[1];
  return { ...(kind === undefined ? {} : { kind }), ...(name === undefined ? {} : { name }) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function headOf(value: unknown): { version?: string; kind?: string; name?: string } {
  const { apiVersion: version, kind, metadata } = (value ?? {}) as Record<string, unknown>;
  const name = text((metadata as { name?: unknown } | null | undefined)?.name);
  return {
    ...(text(version) && { version: version as string }),
    ...(text(kind) && { kind: kind as string }),
    ...(name && { name }),
  };
}

function wrongKind(kind: string | undefined): string {
  if (kind !== undefined && ledgerKinds.includes(kind))
    return `is ${kind}, which stands in the ledger only. Move the file there, or delete it.`;
  return `must be ${kinds.join(' or ')}: current value is ${kind === undefined ? 'nothing' : `\`${kind}\``}${(kind && didYouMean(kind, kinds)) || '. Correct it.'}`;
}

type Outcome = Pick<ParsedFile, 'documents' | 'broken' | 'problems'>;

/** `line` is where the document begins, below the comments that the place's text begins with. */
function parseValue(value: unknown, { place, line }: { place: DocumentPlace; line: number }): Outcome {
  const { version, kind, name } = headOf(value);
  const what = `${kind ?? 'the document'}${name === undefined ? '' : ` ${name}`}`;
  const broken: BrokenDocument = { file: place.file, line, ...(kind && { kind }), ...(name && { name }) };
  const refuse = (problems: readonly FairleadError[]): Outcome => ({ documents: [], broken: [broken], problems });
  if (version !== apiVersion) {
    return refuse([
      problemAt(place, {
        what,
        path: ['apiVersion'],
        text: `must be ${apiVersion}: current value is ${version === undefined ? 'nothing' : `\`${version}\``}. Correct it.`,
      }),
    ]);
  }
  if (kind === undefined || !Object.hasOwn(schemas, kind))
    return refuse([problemAt(place, { what, path: ['kind'], text: wrongKind(kind) })]);
  const subject =
    kind === 'Environment' && name !== undefined
      ? { environment: name }
      : kind === 'Cluster' && name !== undefined
        ? { cluster: name }
        : {};
  const schema = schemas[kind as keyof DocumentKinds] as DocumentSchema<DocumentKinds[keyof DocumentKinds]>;
  const checked = checkValue(value, { schema, place, what, subject });
  if (checked.value === undefined) return refuse(checked.problems);
  const document = {
    ...place,
    begins: line,
    kind,
    name: checked.value.metadata.name,
    value: checked.value,
  } as ParsedDocument;
  const wrong = checkWindows(document);
  return wrong.length > 0 ? refuse(wrong) : { documents: [document], broken: [], problems: [] };
}

function parseChunk(chunk: YamlChunk, file: string): Outcome[] {
  // `line` is where the document's own first line stands, below comments and the separator.
  const lead = /^(?:---[^\n]*\n)?(?:[ \t\r]*(?:#[^\n]*)?\n)*/.exec(chunk.text)?.[0] ?? '';
  const line = chunk.line + lead.split('\n').length - 1;
  try {
    const values = readChunk(chunk, { file, reason: 'InvalidDocument' }).filter(
      (value) => value !== null && value !== undefined,
    );
    if (values.length > 1)
      throw new FairleadError(
        `Cannot read ${file}:${line}: a \`...\` ends a document without a \`---\` below it. Write \`---\` between documents.`,
        { code: 'InvalidInput', reason: 'InvalidDocument', subject: { file, line } },
      );
    return values.map((value) => parseValue(value, { place: { file, line: chunk.line, text: chunk.text }, line }));
  } catch (thrown) {
    return [
      {
        documents: [],
        broken: [{ file, line, ...guess(chunk.text) }],
        problems: [
          asFairleadError(thrown, {
            code: 'InvalidInput',
            reason: 'InvalidDocument',
            subject: { file, line },
            retry: 'never',
          }),
        ],
      },
    ];
  }
}

/**
 * Fairlead's documents in one file of the fleet repository. Never throws for what the text says: a document that cannot
 * be used is in `broken` and its problems name file, line, field and the next step; the others stay usable. Documents of
 * other tools are passed over.
 */
export function parseFile(text: string, path: string): ParsedFile {
  if (!namesUs.test(text) && !namesOurKind.test(text)) return { path, documents: [], broken: [], problems: [] };
  try {
    checkLength(text, { file: path, reason: 'InvalidDocument' });
  } catch (thrown) {
    return { path, documents: [], broken: [{ file: path, line: 1 }], problems: [asFairleadError(thrown)] };
  }
  const outcomes = splitDocuments(text)
    .filter((chunk) => isOurs(chunk.text))
    .flatMap((chunk) => parseChunk(chunk, path));
  return {
    path,
    documents: outcomes.flatMap(({ documents }) => documents),
    broken: outcomes.flatMap(({ broken }) => broken),
    problems: outcomes.flatMap(({ problems }) => problems),
  };
}
