import { isList, isMap, lastAppliedAnnotation, mask, type Json } from '@fairlead/core/model';

/** The value at `path` of a Secret without what is secret in it: keys stay, values go. */
export function masked(value: Json, path: readonly string[]): Json {
  if (isSecretPath(path)) return mask;
  if (isList(value)) return value.map((item, index) => masked(item, [...path, String(index)]));
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner, [...path, key])]));
  return path[0] === 'data' || path[0] === 'stringData' ? mask : value;
}

function isSecretPath(path: readonly string[]): boolean {
  if (path[0] === 'data' || path[0] === 'stringData') return path.length > 1;
  return path[0] === 'metadata' && path[1] === 'annotations' && path[2] === lastAppliedAnnotation;
}
