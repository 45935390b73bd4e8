import { apiVersion, type HubFile, type Member, type ReleaseFile } from '@fairlead/core/model';
import { Document, isMap, isScalar, isSeq, parseDocument, Scalar, visit, YAMLMap } from 'yaml';
import { needsQuotes } from '../yaml/scalars.ts';

type Plain = { readonly [key: string]: unknown };

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Makes a map say what `wanted` says, touching nothing that says it already, so that comments and order stay. */
function settle(map: YAMLMap, { wanted, document }: { readonly wanted: Plain; readonly document: Document }): void {
  const keys = map.items.map(({ key }) => (isScalar(key) ? key.value : key));
  for (const key of keys) if (typeof key !== 'string' || wanted[key] === undefined) map.delete(key);
  for (const [key, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    const node: unknown = map.get(key, true);
    if (!keep(node, { value, document })) map.set(key, document.createNode(value));
  }
}

/** True if the node could be made to say the value; false where a new one must take its place. */
function keep(node: unknown, { value, document }: { readonly value: unknown; readonly document: Document }): boolean {
  if (isMap(node) && isPlain(value)) {
    settle(node, { wanted: value, document });
    return true;
  }
  if (isSeq(node) && Array.isArray(value)) {
    node.items.length = Math.min(node.items.length, value.length);
    for (const [at, item] of value.entries()) {
      if (!keep(node.items[at], { value: item as unknown, document })) node.set(at, document.createNode(item));
    }
    return true;
  }
  if (!isScalar(node) || typeof value === 'object') return false;
  node.value = value;
  return true;
}

/** Text that another reader of YAML, or kubectl, would take for a number or a boolean is written in quotes. */
function quote(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      const plain = node.type === undefined || node.type === Scalar.PLAIN;
      if (typeof node.value === 'string' && plain && needsQuotes(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
}

/** Empty for a text that is no single mapping: it is written anew, since there is nothing to keep. */
function previous(text: string | undefined): Document | undefined {
  if (text === undefined) return undefined;
  const document = parseDocument(text, { version: '1.2' });
  return document.errors.length === 0 && isMap(document.contents) ? document : undefined;
}

function write(wanted: Plain, previousText: string | undefined): string {
  const document = previous(previousText) ?? new Document(new YAMLMap());
  if (isMap(document.contents)) settle(document.contents, { wanted, document });
  quote(document);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** `undefined` fields leave the text; the rest keeps the order in which documents are read. */
function ordered(
  document: { readonly kind: string; readonly metadata: Plain; readonly spec: Plain },
  fields: readonly string[],
): Plain {
  const first = Object.fromEntries(fields.map((field) => [field, document.spec[field]]));
  const spec = { ...first, ...document.spec };
  return { apiVersion, kind: document.kind, metadata: document.metadata, spec };
}

/**
 * YAML of a release file, with the comments and the order of the text that it replaces. What is written is read back
 * alike; equal content gives back the previous text's own words.
 */
export function writeReleaseFile(file: ReleaseFile, previousText?: string): string {
  const { name, team, environment } = file.metadata;
  const fields = [
    'version',
    'digest',
    'definition',
    'sources',
    'renderer',
    'authors',
    'fallback',
    'hold',
    'halted',
    'rejected',
  ];
  return write(
    ordered({ kind: file.kind, metadata: { name, team, environment }, spec: file.spec }, fields),
    previousText,
  );
}

/** YAML of a member's file, with the comments and the order of the text that it replaces. */
export function writeMember(file: Member, previousText?: string): string {
  return write(
    ordered({ kind: file.kind, metadata: { name: file.metadata.name }, spec: file.spec }, [
      'labels',
      'key',
      'kubernetes',
      'frozen',
    ]),
    previousText,
  );
}

/** YAML of the hub's file, with the comments and the order of the text that it replaces. */
export function writeHub(file: HubFile, previousText?: string): string {
  return write(
    ordered({ kind: file.kind, metadata: { name: file.metadata.name }, spec: file.spec }, ['epoch']),
    previousText,
  );
}
