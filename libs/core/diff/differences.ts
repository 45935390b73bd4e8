import { isEqual, isList, isMap, type Json } from '@fairlead/core/model';
import { masked } from './mask.ts';
import { pointerOf } from './pointer.ts';
import { valueOf, type Reduced, type ReducedNode } from './reduce.ts';

/** One difference between what was wanted and what was found. */
export interface Difference {
  /** JSON pointer (RFC 6901) in the object that was found, or in the wanted one where the other lacks it. */
  readonly pointer: string;
  /** Undefined where nothing is wanted. */
  readonly wanted?: Json;
  /** Undefined where nothing was found. */
  readonly found?: Json;
  /** True if values were replaced by {@link mask}: they are of a Secret. */
  readonly masked: boolean;
}

type Report = (path: readonly string[], values: { wanted: Json | undefined; found: Json | undefined }) => void;

/**
 * The differences between two reductions by one entry, topmost first where a whole part is missing, sorted by pointer.
 * Values of Secrets are masked. Empty means that nothing that was applied has changed: then remember the digest of `found`.
 */
export function differences(wanted: Reduced, found: Reduced): readonly Difference[] {
  const list: Difference[] = [];
  const secret = wanted.secret || found.secret;
  compareNodes({ wanted: wanted.root, found: found.root, path: [] }, (path, values) =>
    list.push(differenceOf(path, { ...values, secret })),
  );
  return list.toSorted((a, b) => (a.pointer < b.pointer ? -1 : a.pointer > b.pointer ? 1 : 0));
}

function differenceOf(
  path: readonly string[],
  values: { wanted: Json | undefined; found: Json | undefined; secret: boolean },
): Difference {
  const shown = (value: Json | undefined) => (value !== undefined && values.secret ? masked(value, path) : value);
  const wanted = shown(values.wanted);
  const found = shown(values.found);
  return {
    pointer: pointerOf(path),
    ...(wanted === undefined ? {} : { wanted }),
    ...(found === undefined ? {} : { found }),
    masked: wanted !== values.wanted || found !== values.found,
  };
}

interface Pair {
  readonly wanted: ReducedNode | undefined;
  readonly found: ReducedNode | undefined;
  readonly path: readonly string[];
}

function compareNodes(pair: Pair, report: Report): void {
  const { wanted, found, path } = pair;
  if (wanted?.children !== undefined && found?.children !== undefined) {
    for (const element of new Set([...wanted.children.keys(), ...found.children.keys()])) {
      const inner = { wanted: wanted.children.get(element), found: found.children.get(element) };
      compareNodes({ ...inner, path: [...path, segmentFor(inner.wanted, inner.found)] }, report);
    }
    return;
  }
  compareValues({ wanted: wanted && valueOf(wanted), found: found && valueOf(found) }, { path, report });
}

/** Where a person looks: the place in the object that was found; only what it lacks is named by its place in the other. */
function segmentFor(wanted: ReducedNode | undefined, found: ReducedNode | undefined): string {
  const isThere = found !== undefined && (found.value !== undefined || found.children !== undefined);
  return (isThere ? found : (wanted ?? found))?.segment ?? '';
}

/** Goes on inside maps, and lists of one length, that are owned as one, so that the pointer is as near as it can be. */
function compareValues(
  values: { wanted: Json | undefined; found: Json | undefined },
  at: { path: readonly string[]; report: Report },
): void {
  const { wanted, found } = values;
  if (isEqual(wanted, found)) return;
  if (isMap(wanted) && isMap(found)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
      const inner = {
        wanted: Object.hasOwn(wanted, key) ? wanted[key] : undefined,
        found: Object.hasOwn(found, key) ? found[key] : undefined,
      };
      compareValues(inner, { ...at, path: [...at.path, key] });
    }
    return;
  }
  if (isList(wanted) && isList(found) && wanted.length === found.length) {
    for (const [index, item] of wanted.entries())
      compareValues({ wanted: item, found: found[index] }, { ...at, path: [...at.path, String(index)] });
    return;
  }
  at.report(at.path, values);
}
