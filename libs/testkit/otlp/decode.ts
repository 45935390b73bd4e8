import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A span as a collector receives it. Identifiers in hexadecimal; `parent` is empty for the first of a trace. */
export interface ReceivedSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** Traces that it names beside its own. */
  readonly links: readonly string[];
  /** True where its status is an error. */
  readonly isError: boolean;
  /** Of the process that made it. */
  readonly resource: Readonly<Record<string, string>>;
}

/** Fields of one message by their numbers: bytes for what has a length, numbers for the rest. */
type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint | number)[]>;

const text = new TextDecoder();

/**
 * Reads an ExportTraceServiceRequest; the numbers are those of opentelemetry-proto 1.x (trace.proto, common.proto,
 * resource.proto). Fields that no test looks at are passed over.
 */
export function decodeSpans(body: Uint8Array): ReceivedSpan[] {
  return parts(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(parts(fieldsOf(parts(resourceSpans, 1)[0] ?? new Map()), 1));
    return parts(resourceSpans, 2).flatMap((scopeSpans) => parts(scopeSpans, 2).map((span) => spanOf(span, resource)));
  });
}

function spanOf(span: Fields, resource: ReceivedSpan['resource']): ReceivedSpan {
  const status = parts(span, 15)[0];
  return {
    trace: hex(span, 1),
    id: hex(span, 2),
    parent: hex(span, 4),
    name: string(span, 5),
    startMs: milliseconds(span, 7),
    endMs: milliseconds(span, 8),
    attributes: attributesOf(parts(span, 9)),
    links: parts(span, 13).map((link) => hex(link, 1)),
    isError: status !== undefined && Number(status.get(3)?.[0] ?? 0) === 2,
    resource,
  };
}

function attributesOf(pairs: readonly Fields[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => [string(pair, 1), valueOf(parts(pair, 2)[0])]));
}

/** Any value as text: string, bool, int; what else there is, as it lies there. */
function valueOf(value: Fields | undefined): string {
  for (const [number, [first]] of value ?? []) return number === 1 ? bytesText(first) : String(first);
  return '';
}

function fieldsOf(message: Uint8Array | Fields): Fields {
  if (!(message instanceof Uint8Array)) return message;
  const reader = new BinaryReader(message);
  const fields = new Map<number, (Uint8Array | bigint | number)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const before = fields.get(number) ?? [];
    fields.set(number, [...before, read(reader, type)]);
  }
  return fields;
}

function read(reader: BinaryReader, type: WireType): Uint8Array | bigint | number {
  if (type === WireType.LengthDelimited) return reader.bytes();
  if (type === WireType.Varint) return BigInt(reader.uint64());
  if (type === WireType.Bit64) return BigInt(reader.fixed64());
  return reader.fixed32();
}

function parts(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).flatMap((one) => (one instanceof Uint8Array ? [fieldsOf(one)] : []));
}

function hex(fields: Fields, number: number): string {
  const [bytes] = fields.get(number) ?? [];
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : '';
}

function string(fields: Fields, number: number): string {
  return bytesText(fields.get(number)?.[0]);
}

function bytesText(bytes: Uint8Array | bigint | number | undefined): string {
  return bytes instanceof Uint8Array ? text.decode(bytes) : '';
}

const nanosecondsPerMillisecond = 1e6;

function milliseconds(fields: Fields, number: number): number {
  return Number(fields.get(number)?.[0] ?? 0) / nanosecondsPerMillisecond;
}
