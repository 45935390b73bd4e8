import { posix } from 'node:path';
import { FairleadError } from '@fairlead/core/model';
import type { FileTree } from '@fairlead/ports/source';
import { loadAll } from 'js-yaml';

const names = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization']);
const pluginFields = ['generators', 'transformers', 'validators'] as const;

/**
 * Throws RenderFailed where a kustomization loads something over HTTP. kustomize would do so: Go's HTTP client, which
 * is given a proxy that refuses, asks no proxy for addresses of the same machine, and what listens there is the hub's.
 */
export function refuseRemote(files: FileTree): void {
  for (const path of files.keys()) {
    if (!names.has(posix.basename(path))) continue;
    for (const value of readAll(files, path)) {
      refuse(path, value);
      for (const plugin of pluginFiles(value)) {
        const file = posix.join(posix.dirname(path), plugin);
        for (const config of readAll(files, file)) refuse(file, config);
      }
    }
  }
}

/** What is no YAML is for kustomize to complain about. */
function readAll(files: FileTree, path: string): unknown[] {
  const file = files.get(path);
  if (!file) return [];
  try {
    return loadAll(new TextDecoder().decode(file.bytes));
  } catch {
    return [];
  }
}

function pluginFiles(value: unknown): string[] {
  const fields = (value ?? {}) as Partial<Record<string, unknown>>;
  const lists = pluginFields.map((field) => fields[field]).filter((list) => Array.isArray(list));
  return lists.flat().filter((entry): entry is string => typeof entry === 'string');
}

function refuse(path: string, value: unknown): void {
  for (const text of texts(value, new Set())) {
    if (!isOwnMachine(text)) continue;
    throw new FairleadError(
      `Cannot render: ${path} names ${text.trim()}, and a render reads nothing but its source. Put the file into the source.`,
      { code: 'InvalidInput', reason: 'RenderFailed', subject: { file: path } },
    );
  }
}

function* texts(value: unknown, seen: Set<object>): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  for (const inner of Object.values(value)) yield* texts(inner, seen);
}

/** As Go's `httpproxy` tells which addresses need no proxy: `localhost` and loopback addresses. */
function isOwnMachine(text: string): boolean {
  // Generators write KEY=FILE.
  const address = text.trim().replace(/^[^=:/]*=/, '');
  if (!/^https?:/i.test(address)) return false;
  const url = URL.parse(address);
  return url === null || /^(?:localhost\.?|127\..*|0\.0\.0\.0|\[::.*\])$/i.test(url.hostname);
}
