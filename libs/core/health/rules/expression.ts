import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { FairleadError } from '@fairlead/core/model';
import { matchesName, Meter, putOn } from './meter.ts';

/** Nothing near these bounds is meant by an expression about one thing. What it does with the thing is metered. */
const limits = { maxAstNodes: 500, maxDepth: 64, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 16 };

/** What an expression came to; an error is told by its first line. */
export type Answered =
  | { readonly value: boolean; readonly error?: never }
  | { readonly error: string; readonly value?: never };

/** Expressions over the same names, on one meter. */
export interface Expressions {
  /** Throws InvalidInput (reason InvalidDocument) that names the field, if the text is no CEL or asks for what is not offered. */
  parse(text: string, field: string): ParseResult;
  /** The values as CEL reads them, for {@link Expressions.answer}; the meter begins anew for them. */
  read(values: Readonly<Record<string, unknown>>, unseen?: ReadonlySet<string>): Answered | { readonly seen: object };
  answer(expression: ParseResult, seen: object): Answered;
}

/** Makes a room for expressions over the named values: maps, unless told to be of any kind. */
export function expressionsOver(variables: Readonly<Record<string, 'map' | 'dyn'>>): Expressions {
  const meter = new Meter();
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits });
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
  environment.registerFunction(`string.${matchesName}(string): bool`, (text: string, pattern: string) =>
    meter.matches(text, pattern),
  );
  return {
    parse(text, field) {
      try {
        const result = environment.parse(text);
        putOn(meter, result);
        return result;
      } catch (cause) {
        throw noExpression(field, cause);
      }
    },
    read(values, unseen = new Set()) {
      const longest = { text: 0 };
      const read = attempt(() => seenBy(values, { longest, unseen }));
      if ('error' in read) return { error: read.error };
      meter.start(longest.text);
      return { seen: read.value as object };
    },
    answer(expression, seen) {
      const done = attempt(() => {
        const value: unknown = expression(seen);
        if (meter.isSpent) meter.charge();
        return value;
      });
      if ('error' in done) return { error: done.error };
      return typeof done.value === 'boolean' ? { value: done.value } : { error: 'it is neither true nor false' };
    },
  };
}

function noExpression(field: string, cause: unknown): FairleadError {
  const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  return new FairleadError(
    `Cannot read ${field}: it is no CEL expression (${why}); correct it in the Application document`,
    { code: 'InvalidInput', reason: 'InvalidDocument', subject: { field }, cause },
  );
}

/** The first line of what was thrown: the library draws the place in the expression below it. */
function attempt(work: () => unknown): { value: unknown } | { error: string } {
  try {
    return { value: work() };
  } catch (thrown) {
    return { error: thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown) };
  }
}

interface Reading {
  readonly longest: { text: number };
  readonly unseen: ReadonlySet<string>;
}

/**
 * Values as CEL reads them: JSON has one number type and CEL two, so whole numbers become ints and `object.status.replicas == 3`
 * means what it says. Notes the length of the longest text.
 */
function seenBy(value: unknown, reading: Reading): unknown {
  const { longest, unseen } = reading;
  if (typeof value === 'string') longest.text = Math.max(longest.text, value.length);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => seenBy(item, reading));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !unseen.has(key))
      .map(([key, inner]) => [key, seenBy(inner, reading)]),
  );
}
