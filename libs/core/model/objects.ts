/** Any JSON value. An integer beyond 2^53 is a bigint, so that its digits survive: print with `printJson` or the canonical form. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** The metadata that Fairlead itself reads; everything else passes through untouched. */
export interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    controller?: boolean;
  }[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** One manager's claim on fields of an object, as the API server keeps it (KEP-555). */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: 'Apply' | 'Update';
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: JsonObject;
  readonly subresource?: string;
}

/** A Kubernetes object as the API server or a renderer gives it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [key: string]: unknown;
}

/** What names an object in a cluster, whatever version of its group it was written in. */
export interface ObjectKey {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects, and for namespaced ones that leave it to the bundle's default. */
  readonly namespace: string;
  readonly name: string;
}

/** Where `kubectl apply` keeps the whole manifest that it applied last, values included, as one text. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Key of the label and of the annotation on everything that is applied. Watches select by the label's key. */
export const trackingKey = 'fairlead.dev/application';

/** The group of an `apiVersion`: empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** The key of an object, with the namespace that it names itself. */
export function keyOf(object: KubeObject): ObjectKey {
  return {
    group: groupOf(object.apiVersion),
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
  };
}

/** `GROUP/KIND/NAMESPACE/NAME`, the form in acknowledgements, messages and maps; empty parts stay empty. */
export function keyText(key: ObjectKey): string {
  return `${key.group}/${key.kind}/${key.namespace}/${key.name}`;
}

/** Reads what {@link keyText} wrote; undefined if it has not four parts. */
export function parseKey(text: string): ObjectKey | undefined {
  const parts = text.split('/');
  const [group, kind, namespace, name] = parts;
  if (parts.length !== 4 || !kind || !name) return undefined;
  return { group: group ?? '', kind, namespace: namespace ?? '', name };
}
