import { FairleadError, isMap, type JsonObject } from '@fairlead/core/model';
import { checkLength, readChunk } from './yaml/read.ts';

/** Reads a file of Helm values: one mapping, or nothing. Throws RenderFailed that names file and line. */
export function readValues(text: string, file: string): JsonObject {
  const options = { file, reason: 'RenderFailed' } as const;
  checkLength(text, options);
  const [value, ...more] = readChunk({ text, line: 1 }, options).filter((one) => one !== null && one !== undefined);
  if (value === undefined) return {};
  if (more.length === 0 && isMap(value)) return value;
  const what = more.length > 0 ? 'several documents' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  throw new FairleadError(`Cannot read ${file}: it is ${what}, and values are one mapping. Correct the file.`, {
    code: 'InvalidInput',
    reason: 'RenderFailed',
    subject: { file },
  });
}
