import { isSpanContextValid, trace } from '@opentelemetry/api';
import { pino, stdSerializers, type Logger } from 'pino';
import { redacted } from '@fairlead/core/model';

/** Who writes a log, in every line of it. */
export interface LogOptions {
  /** The roles that the process plays, such as `gateway`. */
  readonly role: string;
  readonly instance: string;
  /** `info` unless told. */
  readonly level?: string;
  /** Where lines go: standard error, unless a test looks. */
  readonly write?: (line: string) => void;
}

/** Members that hold a credential wherever they appear. */
const secrets = ['token', 'password', 'authorization', 'joinToken', 'keyPem', 'csrPem', 'seed', 'jwt'];

/**
 * JSON lines with level, role, instance and the trace that they belong to. What is called as a credential is called is
 * never written, and what looks like one neither.
 */
export function openLog({ role, instance, level = 'info', write }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { role, instance },
      formatters: {
        level: (label) => ({ level: label }),
        log: (facts) => clean(facts, 0) as Record<string, unknown>,
      },
      serializers: { err: (thrown: Error) => clean(stdSerializers.err(thrown), 0) },
      hooks: {
        logMethod(given, method) {
          method.apply(this, given.map((one) => (typeof one === 'string' ? redacted(one) : one)) as typeof given);
        },
      },
      mixin: traceHere,
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '(secret)' },
    },
    write === undefined ? pino.destination(2) : { write },
  );
}

/** How deep facts are looked through; nothing of ours is deeper. */
const deepest = 6;

/** The same value with what looks like a secret taken out of its texts. Errors are left to their serializer. */
function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redacted(value);
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (depth > deepest) return '(too deep)';
  if (Array.isArray(value)) return value.map((one) => clean(one, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clean(one, depth + 1)]));
}

function traceHere(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
