import {
  FairleadError,
  isList,
  isMap,
  keyOf,
  keyText,
  type Json,
  type JsonMap,
  type KubeObject,
  type ManagedFieldsEntry,
} from '@fairlead/core/model';
import { elementsOf, isMember, placesOf, type Element } from './elements.ts';
import { fieldsOf } from './entries.ts';
import { canonicalText } from './json.ts';

/**
 * One node of a reduced object. A node without `children` holds a whole value: a scalar, or a map or list that is owned as one.
 * A node without both is one that the entry names and the object lacks.
 */
export interface ReducedNode {
  /** Segment of a JSON pointer in the object that was reduced. */
  readonly segment: string;
  /** True if the entry names the node itself, and not only parts of it. */
  readonly named: boolean;
  readonly value?: Json;
  readonly children?: ReadonlyMap<Element, ReducedNode>;
  readonly list?: boolean;
}

/** An object reduced to the fields that one managedFields entry names. Items of keyed lists and sets have no order. */
export interface Reduced {
  /** True for a Secret, whose values are masked in every difference. */
  readonly secret: boolean;
  readonly root: ReducedNode;
}

/** An entry's set at a node, and beside it what all other managers name there. */
interface Claims {
  readonly ours: JsonMap;
  readonly others: readonly JsonMap[];
}

/**
 * Reduces a live object to the fields that an entry names. Without schema, a map or list that the entry names as one is taken
 * whole, unless another manager names something in it: then it is no atomic one, and only its existence is the entry's.
 * Throws FailedPrecondition if the object was read in another version than the entry's, whose field names may differ.
 */
export function reduceByEntry(object: KubeObject, entry: ManagedFieldsEntry): Reduced {
  if (entry.apiVersion !== undefined && entry.apiVersion !== object.apiVersion) {
    const subject = keyText(keyOf(object));
    throw new FairleadError(
      `Cannot compare ${subject}: it was read as ${object.apiVersion} and what was applied is ${entry.apiVersion}; read it in that version`,
      {
        code: 'FailedPrecondition',
        reason: 'LiveStateUnknown',
        subject: { object: subject },
      },
    );
  }
  const others = (object.metadata.managedFields ?? []).filter((other) => !isSameEntry(other, entry)).map(fieldsOf);
  const value = object as unknown as Json;
  const ours = fieldsOf(entry);
  // An empty set names nothing; below the root it would name the node itself.
  const root: ReducedNode =
    elementsOf(ours).length === 0
      ? { segment: '', named: false, children: new Map() }
      : nodeOf({ ours, others }, { segment: '', value });
  return { secret: isSecret(object), root };
}

/** Canonical JSON of a reduction, for its digest: equal for equal fields, whatever else is in the object and however keyed lists are ordered. */
export function reductionText(reduced: Reduced): string {
  return canonicalText(encoded(reduced.root));
}

/** True for kinds whose values stay in the cluster. */
function isSecret(object: Pick<KubeObject, 'apiVersion' | 'kind'>): boolean {
  return object.kind === 'Secret' && object.apiVersion === 'v1';
}

function isSameEntry(a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean {
  return a.manager === b.manager && a.operation === b.operation && (a.subresource ?? '') === (b.subresource ?? '');
}

function nodeOf(claims: Claims, place: { segment: string; value: Json }): ReducedNode {
  const { segment, value } = place;
  const named = isMember(claims.ours);
  const elements = elementsOf(claims.ours);
  const isContainer = isMap(value) || isList(value);
  if (!isContainer) return { segment, named, value };
  if (elements.length === 0) {
    const shared = claims.others.some((other) => elementsOf(other).length > 0);
    return { segment, named, value: shared ? (isList(value) ? [] : {}) : value };
  }
  const children = new Map<Element, ReducedNode>();
  for (const [element, below] of elements) {
    const inner: Claims = { ours: below, others: claims.others.map((other) => other[element]).filter(isMap) };
    const places = placesOf(element, value);
    if (places.length === 0)
      children.set(element, { segment: element.startsWith('f:') ? element.slice(2) : '-', named: isMember(below) });
    for (const [nth, found] of places.entries())
      children.set(nth === 0 ? element : `${element}#${nth}`, nodeOf(inner, found));
  }
  return { segment, named, children, list: isList(value) };
}

function encoded(node: ReducedNode): Json {
  if (node.children === undefined) return node.value === undefined ? null : { '=': node.value };
  const parts = [...node.children].map(([element, child]) => [element, encoded(child)] as const);
  return Object.fromEntries(node.named ? [['.', true], ...parts] : parts);
}

/** The value that a node stands for, of the fields that the entry names; undefined where the object lacks it. */
export function valueOf(node: ReducedNode): Json | undefined {
  if (node.children === undefined) return node.value;
  const present = [...node.children.values()].flatMap((child) => {
    const value = valueOf(child);
    return value === undefined ? [] : [{ segment: child.segment, value }];
  });
  if (present.length === 0 && !node.named) return undefined;
  if (!node.list) return Object.fromEntries(present.map(({ segment, value }) => [segment, value]));
  return present.toSorted((a, b) => Number(a.segment) - Number(b.segment)).map(({ value }) => value);
}
