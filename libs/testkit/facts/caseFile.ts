import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { Operation } from 'rfc6902';
import { Document, isCollection, isMap, isSeq, visit } from 'yaml';
import type { LiveObject } from '@fairlead/testkit/kube';

/** What one other hand does to the object. */
export interface Hand {
  /** Its field manager; without one, it waits for what the server itself does. */
  readonly by?: string;
  /** A subresource. */
  readonly at?: 'status' | 'scale';
  /** Writes through this version of the kind. */
  readonly through?: string;
  readonly json?: readonly object[];
  readonly merge?: object;
  /** By server-side apply; conflicts are overridden. */
  readonly apply?: object;
  /** Another object, applied by the administrator. */
  readonly lay?: LiveObject;
  /** Text that the object must say before the case goes on: a server takes what is laid a moment later. */
  readonly awaits?: string;
  /** Waits until this condition is True. */
  readonly condition?: string;
}

/** One case: what others do, and what it must mean. `change` is recorded, the rest is written by people. */
export interface Case {
  readonly name: string;
  readonly hands?: readonly Hand[];
  readonly change: readonly Operation[];
  readonly [said: string]: unknown;
}

/** A file of the differ's cases. `applied` is recorded: the API server's answer to an apply of `manifest`. */
export interface CaseFile {
  /** What lies there before, such as definitions and admission policies. */
  readonly before?: readonly LiveObject[];
  /** Text that an answer to our apply must say before the cases begin. */
  readonly awaits?: string;
  readonly manifest: LiveObject;
  readonly applied: LiveObject;
  readonly cases: readonly Case[];
}

const folder = join(import.meta.dirname, '../../core/diff/cases');
/** Deeper than this a map is written in one line. */
const deep = 4;

/** The files of the differ's cases, by name. */
export async function readCaseFiles(): Promise<ReadonlyMap<string, CaseFile>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  const files = await Promise.all(names.map(async (name) => load(await readFile(join(folder, name), 'utf8'))));
  return new Map(names.map((name, nth) => [name, files[nth] as CaseFile]));
}

/** Parts that are written in one line, however shallow. */
const inOneLine = new Set(['fieldsV1', 'value', 'hands', 'body', 'before', 'by']);

/** Writes a file of cases, in the same form each time. */
export async function writeCaseFile(name: string, file: CaseFile): Promise<void> {
  // By the rules of YAML 1.1, so that what those would read as a time or a truth is quoted.
  const document = new Document(file, { aliasDuplicateObjects: false, version: '1.1' });
  visit(document, {
    Pair(_key, { key, value }) {
      if (!isCollection(value) || !inOneLine.has(String(key))) return;
      // A list of these has a line for each.
      if (isSeq(value)) for (const item of value.items) setFlow(item);
      else value.flow = true;
    },
    Map(_key, node, path) {
      if (path.filter((one) => isMap(one)).length >= deep) node.flow = true;
    },
  });
  await writeFile(
    join(folder, name),
    document.toString({ lineWidth: 0, flowCollectionPadding: false, singleQuote: true }),
  );
}

function setFlow(node: unknown): void {
  if (isCollection(node)) node.flow = true;
}
