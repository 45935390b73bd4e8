import { FairleadError, type Reason } from '@fairlead/core/model';
import { loadAll, YAMLException } from 'js-yaml';
import { checkExpansion } from './limits.ts';
import { kubernetesYaml } from './scalars.ts';

/** Bounds of one file; a text beyond them is refused, never cut. */
export interface YamlLimits {
  /** Characters of a file. */
  readonly textLength: number;
  readonly depth: number;
  /** Aliases (`*name`) in one document. */
  readonly aliases: number;
  readonly mergeKeys: number;
  /** Values of one document, with every alias counted as what it stands for. */
  readonly values: number;
}

/** Far above what real manifests need (the largest CRDs have 40,000 values), far below what hurts. */
export const defaultLimits: YamlLimits = {
  textLength: 64 * 1024 * 1024,
  depth: 100,
  aliases: 1000,
  mergeKeys: 10_000,
  values: 2_000_000,
};

/** How a text is read. */
export interface ReadOptions {
  readonly file: string;
  /** The reason that errors carry. */
  readonly reason: Reason;
  readonly limits?: YamlLimits;
}

/** A document as text, with the line of the file that it begins on, from 1. */
export interface YamlChunk {
  readonly text: string;
  readonly line: number;
}

/** Splits a file at its `---` lines, so that one broken document leaves the others readable. */
export function splitDocuments(text: string): YamlChunk[] {
  const chunks: YamlChunk[] = [];
  let begin = 0;
  let line = 1;
  let lineOfBegin = 1;
  // What stands above the first `---` with nothing but comments and directives belongs to the document below it.
  let onlyDirectives = true;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end + 1;
    const separator = text.startsWith('---', at) && /^---(?:\s|$)/.test(text.slice(at, at + 4));
    if (separator && !onlyDirectives) {
      chunks.push({ text: text.slice(begin, at), line: lineOfBegin });
      begin = at;
      lineOfBegin = line;
    }
    if (onlyDirectives) onlyDirectives = !separator && /^[ \t\r]*(?:#|%|\n|$)/.test(text.slice(at, next));
    at = next;
    line++;
  }
  chunks.push({ text: text.slice(begin), line: lineOfBegin });
  return chunks;
}

function invalid(message: string, options: ReadOptions & { readonly line?: number }): FairleadError {
  const { file, line, reason } = options;
  const place = line === undefined ? file : `${file}:${line}`;
  return new FairleadError(`Cannot read ${place}: ${message}`, {
    code: 'InvalidInput',
    reason,
    subject: line === undefined ? { file } : { file, line },
  });
}

/**
 * The values in a chunk, null ones included: one, unless `...` ends a document inside it. Throws `FairleadError` with
 * the reason of the options, naming file and line: broken YAML, a duplicate key, a limit, a number that JSON has not.
 */
export function readChunk(chunk: YamlChunk, options: ReadOptions): unknown[] {
  const limits = options.limits ?? defaultLimits;
  let values: unknown[];
  try {
    values = loadAll(chunk.text, {
      schema: kubernetesYaml,
      maxDepth: limits.depth,
      maxAliases: limits.aliases,
      maxTotalMergeKeys: limits.mergeKeys,
    });
  } catch (thrown) {
    if (!(thrown instanceof YAMLException)) throw thrown;
    // The exception itself holds the whole text, which may be a Secret's: it is no cause to carry along.
    throw invalid(`${thrown.reason}. Correct the YAML there.`, {
      ...options,
      line: chunk.line + (thrown.mark?.line ?? 0),
    });
  }
  // Only these can make a value larger than its text, or one that JSON has not.
  if (/[*]|\.inf|\.nan/i.test(chunk.text)) {
    const complaint = checkExpansion(values, limits);
    if (complaint !== undefined) throw invalid(complaint, { ...options, line: chunk.line });
  }
  return values;
}

/** Refuses a text beyond the limit of length, before anything looks at it. */
export function checkLength(text: string, options: ReadOptions): void {
  const { textLength } = options.limits ?? defaultLimits;
  if (text.length > textLength)
    throw invalid(`it has ${text.length} characters and the limit is ${textLength}. Split the file.`, options);
}
