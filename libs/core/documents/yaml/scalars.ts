import {
  boolYaml11Tag,
  defineMappingTag,
  defineScalarTag,
  mapTag,
  mergeTag,
  nullYaml11Tag,
  NOT_RESOLVED,
  Schema,
  seqTag,
  strTag,
} from 'js-yaml';

const digits = Array.from('0123456789');
const goInteger = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)$/;
const goFloat = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const largest = 2n ** 64n - 1n;
const smallest = -(2n ** 63n);

function integer(source: string): number | bigint | typeof NOT_RESOLVED {
  const plain = source.replaceAll('_', '');
  if (!goInteger.test(plain)) return NOT_RESOLVED;
  const negative = plain.startsWith('-');
  let magnitude = plain.replace(/^[-+]/, '');
  const decimal = !magnitude.startsWith('0') || magnitude === '0';
  // `0755` is octal here; BigInt wants that said as `0o755`.
  if (!decimal && /^0[0-7]/.test(magnitude)) magnitude = `0o${magnitude.slice(1)}`;
  const value = negative ? -BigInt(magnitude) : BigInt(magnitude);
  if (!decimal && (value > largest || value < smallest)) return NOT_RESOLVED;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function float(source: string): number | typeof NOT_RESOLVED {
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(source)) return source.startsWith('-') ? -Infinity : Infinity;
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) return Number.NaN;
  const plain = source.replaceAll('_', '');
  if (!goFloat.test(plain)) return NOT_RESOLVED;
  const value = Number(plain);
  // Go writes minus zero as `0` here, since its YAML reader takes `-0` for an integer and JSON drops the sign of `-0.0`.
  return Number.isFinite(value) ? value || 0 : NOT_RESOLVED;
}

function base64Text(source: string): string | typeof NOT_RESOLVED {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(source), (character) => character.charCodeAt(0)));
  } catch {
    // Not base64: the caller answers with an error that names the line.
    return NOT_RESOLVED;
  }
}

const intTag = defineScalarTag<number | bigint>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: ['-', '+', ...digits],
  resolve: integer,
  identify: () => false,
});
const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: ['-', '+', '.', ...digits],
  resolve: float,
  identify: () => false,
});
const binaryTag = defineScalarTag<string>('tag:yaml.org,2002:binary', { resolve: base64Text, identify: () => false });
// Without `finalize` the map is its own carrier, as in the original.
const { finalize: _finalize, ...plainMap } = mapTag;
const keyedMapTag = defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
  ...plainMap,
  addPair: (map, key, value) => (key === null ? 'a key must not be null' : mapTag.addPair(map, key, value)),
});

/**
 * YAML as kubectl reads it, which is neither 1.1 nor 1.2: `on`, `yes`, `y` and their like are booleans (also as keys),
 * `0755`, `0o755`, `0b11` and `1_000` are integers, `<<` merges, times and dates stay text. Checked against
 * `kubectl annotate --local -o json`; it differs where kubectl loses something: digits of integers beyond 2^64 (here a
 * bigint), and keys written before a `<<` that merges the same key (here the written one wins, as in the YAML type
 * repository).
 */
export const kubernetesYaml = new Schema([
  strTag,
  seqTag,
  keyedMapTag,
  nullYaml11Tag,
  boolYaml11Tag,
  intTag,
  floatTag,
  mergeTag,
  binaryTag,
]);

/** True if `text`, written without quotes, would be read as something else than this text. */
export function needsQuotes(text: string): boolean {
  return kubernetesYaml.implicitScalarTags.some(
    ({ implicitFirstChars, resolve, tagName }) =>
      implicitFirstChars?.includes(text.charAt(0)) !== false && resolve(text, false, tagName) !== NOT_RESOLVED,
  );
}
