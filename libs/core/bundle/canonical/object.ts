import { FairleadError, groupOf, isMap, trackingKey, type KubeObject } from '@fairlead/core/model';
import { injectionAnnotations, placesOfCaBundle, serverMetadata } from './rules.ts';

type Fields = Readonly<Record<string, unknown>>;

function without(fields: Fields, keys: readonly string[]): Fields {
  return keys.some((key) => Object.hasOwn(fields, key))
    ? Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)))
    : fields;
}

/** True for the core group's Secret, whose values are never shown and are kept encrypted. */
export function isSecret(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return object.kind === 'Secret' && groupOf(object.apiVersion) === '';
}

function metadata(object: KubeObject): Fields {
  let result = without(object.metadata as Fields, serverMetadata);
  for (const field of ['labels', 'annotations']) {
    const entries = result[field];
    if (isMap(entries) && Object.hasOwn(entries, trackingKey))
      result = { ...result, [field]: without(entries, [trackingKey]) };
  }
  return result;
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

/** `stringData` is write-only and wins over `data`; the API server folds it alike. */
function foldStringData(object: KubeObject): KubeObject {
  const { stringData } = object;
  if (!isSecret(object) || stringData === undefined) return object;
  const name = `Secret/${object.metadata.name ?? ''}`;
  const folded = Object.entries(isMap(stringData) ? stringData : {}).map(([key, value]) => {
    if (typeof value === 'string' || value === null) return [key, base64(value ?? '')] as const;
    throw new FairleadError(
      `Cannot use ${name}: stringData.${key} is a ${typeof value}, and Secrets hold text. Quote it.`,
      {
        code: 'InvalidInput',
        reason: 'InvalidManifest',
        subject: { object: name, field: `stringData.${key}` },
      },
    );
  });
  const rest = without(object, ['stringData']) as KubeObject;
  return folded.length === 0
    ? rest
    : { ...rest, data: { ...(isMap(rest['data']) ? rest['data'] : {}), ...Object.fromEntries(folded) } };
}

/** An aggregated ClusterRole's rules are written by a controller, so what a manifest says there never holds. */
function dropAggregatedRules(object: KubeObject): KubeObject {
  const aggregated =
    object.kind === 'ClusterRole' &&
    groupOf(object.apiVersion) === 'rbac.authorization.k8s.io' &&
    isMap(object['aggregationRule']);
  return aggregated ? (without(object, ['rules']) as KubeObject) : object;
}

function isPlaceholder(value: unknown): boolean {
  if (typeof value !== 'string') return true;
  try {
    return !atob(value).includes('-----BEGIN CERTIFICATE-----');
  } catch {
    // Not base64 at all: no certificate either.
    return true;
  }
}

function dropAt(value: unknown, path: readonly string[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step === '*') return Array.isArray(value) ? value.map((item) => dropAt(item, rest)) : value;
  if (!isMap(value) || !Object.hasOwn(value, step)) return value;
  if (rest.length > 0) return { ...value, [step]: dropAt(value[step], rest) };
  return isPlaceholder(value[step]) ? without(value, [step]) : value;
}

/** Where an object asks a controller to write its CA, a placeholder there would be fought over. */
function dropPlaceholderCa(object: KubeObject): KubeObject {
  const path = placesOfCaBundle[`${groupOf(object.apiVersion)}/${object.kind}`];
  const annotations: unknown = object.metadata.annotations;
  if (path === undefined || !isMap(annotations) || !injectionAnnotations.some((key) => Object.hasOwn(annotations, key)))
    return object;
  return dropAt(object, path) as KubeObject;
}

/**
 * The part of a manifest that says what is wanted: no status, nothing that a server, a controller or the agent writes,
 * and one spelling where Kubernetes knows two. Twice the same is once. Throws `FairleadError` (InvalidManifest) for a
 * Secret's stringData that is not text, naming the key and never the value.
 */
export function canonicalObject(object: KubeObject): KubeObject {
  const plain = { ...(without(object, ['status']) as KubeObject), metadata: metadata(object) } as KubeObject;
  return dropPlaceholderCa(dropAggregatedRules(foldStringData(plain)));
}
