import type { Json, KubeObject } from '@fairlead/core/model';
import { entryOf, fieldsOf } from './entries.ts';
import { canonicalText, member } from './json.ts';
import { reduceByEntry, reductionText } from './reduce.ts';

/**
 * Canonical text, for a digest, of what metadata alone can tell about an object of ours: its generation, our entry, and the labels,
 * annotations and other metadata that our entry names. While it is the same, nobody has touched what we applied. A kind without
 * generation is told by its resourceVersion, which others move too: then a look at the object decides.
 */
export function metadataText(object: KubeObject, manager: string): string {
  const { generation, resourceVersion } = object.metadata;
  const entry = entryOf(object, manager);
  const fields = fieldsOf(entry);
  const owned = member(fields, 'f:metadata');
  const reduced =
    owned === undefined
      ? ''
      : reductionText(
          reduceByEntry(object, { ...entry, apiVersion: object.apiVersion, fieldsV1: { 'f:metadata': owned } }),
        );
  const version: Json = generation === undefined ? { resourceVersion: resourceVersion ?? '' } : { generation };
  return canonicalText({ version, fields, reduced });
}
