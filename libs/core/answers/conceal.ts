import { isList, isMap, lastAppliedAnnotation, mask, redacted, type Json } from '@fairlead/core/model';

/** Names of fields, of keys of a ConfigMap and of environment variables whose text is taken for a secret. */
const secretName = /(?:pass(?:word|wd|phrase)|token|secret|api[-_]?key|private[-_]?key|access[-_]?key|credentials?)$/i;

/**
 * A value without the secrets that people keep outside of Secrets: texts under a name that says so, environment variables of
 * such a name, what kubectl remembers of a manifest, and texts that look like credentials. Maps and lists keep their form.
 */
export function conceal(value: Json, name = ''): Json {
  if (typeof value === 'string')
    return name === lastAppliedAnnotation || secretName.test(name) ? mask : redacted(value);
  if (isList(value)) return value.map((item) => conceal(item));
  if (!isMap(value)) return value;
  const isSecretVariable = typeof value['name'] === 'string' && secretName.test(value['name']);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      isSecretVariable && key === 'value' ? mask : conceal(inner, key),
    ]),
  );
}
