import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { FairleadError, matchesTarget, type HealthRule, type KubeObject, type Target } from '@fairlead/core/model';
import { matchesName, Meter, putOn } from './meter.ts';
import { degraded, healthy, progressing, type Health } from '../verdict.ts';

/** An application's own rules of health, ready to be asked. */
export interface HealthRules {
  /** True if a rule may be for objects of the kind. */
  covers(group: string, kind: string): boolean;
  /** Health by the first rule that means the object; undefined if none does. */
  assess(object: KubeObject): Health | undefined;
}

interface Compiled {
  readonly target: Target;
  readonly healthy: ParseResult;
  readonly failed: ParseResult | undefined;
}

/** An expression is for one object: nothing near these bounds is meant. What it does with the object is metered. */
const limits = { maxAstNodes: 500, maxDepth: 64, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 16 };

/** Copies of the object, written into it by others; they are large and nobody means them. */
const unseen: ReadonlySet<string> = new Set(['managedFields', 'kubectl.kubernetes.io/last-applied-configuration']);

/** What stands for each value of a Secret: an error of an expression may name a value, and the status shows the error. */
const hidden = '(hidden)';

/**
 * Compiles CEL rules over `object`. An expression reads integers of the object as CEL ints. Throws InvalidInput
 * (reason InvalidDocument), naming the rule by its place in the list, if one is no CEL or asks for what is not offered. An
 * expression that cannot be evaluated, or takes too long, calls nothing healthy, and the message says why.
 */
export function compileRules(rules: readonly HealthRule[]): HealthRules {
  const meter = new Meter();
  const environment = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits,
  })
    .registerVariable('object', 'map')
    .registerFunction(`string.${matchesName}(string): bool`, (text: string, pattern: string) =>
      meter.matches(text, pattern),
    );
  const compiled = rules.map((rule, index): Compiled => {
    const parse = (field: 'healthy' | 'failed', text: string) =>
      parsed(environment, { text, field: `health[${index}].${field}`, meter });
    return {
      target: rule.target,
      healthy: parse('healthy', rule.healthy),
      failed: rule.failed === undefined ? undefined : parse('failed', rule.failed),
    };
  });
  return {
    covers: (group, kind) =>
      compiled.some(({ target }) => matchesTarget(kindOnly(target), { apiVersion: `${group}/v1`, kind, metadata: {} })),
    assess(object) {
      const rule = compiled.find(({ target }) => matchesTarget(target, object));
      return rule && verdict(rule, { object, meter });
    },
  };
}

function kindOnly(target: Target): Target {
  return {
    ...(target.group === undefined ? {} : { group: target.group }),
    ...(target.kind === undefined ? {} : { kind: target.kind }),
  };
}

function parsed(environment: Environment, expression: { text: string; field: string; meter: Meter }): ParseResult {
  try {
    const result = environment.parse(expression.text);
    putOn(expression.meter, result);
    return result;
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new FairleadError(
      `Cannot read ${expression.field}: it is no CEL expression (${why}); correct it in the Application document`,
      {
        code: 'InvalidInput',
        reason: 'InvalidDocument',
        subject: { field: expression.field },
        cause,
      },
    );
  }
}

function verdict(rule: Compiled, on: { object: KubeObject; meter: Meter }): Health {
  const { meter } = on;
  const longest = { text: 0 };
  const read = attempt(() => seenBy(withoutSecrets(on.object), longest));
  if ('error' in read) return notEvaluated(read.error);
  meter.start(longest.text);
  const context = { object: read.value };
  const failed = rule.failed && evaluate(rule.failed, { context, meter });
  if (failed?.value === true) return degraded("the application's rule calls it failed");
  const trouble = failed?.error;
  const result = evaluate(rule.healthy, { context, meter });
  // Whether it failed is not known as long as that cannot be evaluated, so it is not healthy yet.
  if (trouble !== undefined || result.error !== undefined) return notEvaluated(result.error ?? trouble ?? '');
  return result.value === true
    ? healthy("the application's rule calls it healthy")
    : progressing("the application's rule does not call it healthy yet");
}

/** A field that is not there yet is how most objects begin, so an expression that cannot be evaluated is no failure. */
function notEvaluated(why: string): Health {
  return progressing(`the application's rule cannot be evaluated yet: ${why}`);
}

function evaluate(
  expression: ParseResult,
  by: { context: { object: unknown }; meter: Meter },
): { value?: boolean; error?: string } {
  const done = attempt(() => {
    const value: unknown = expression(by.context);
    if (by.meter.isSpent) by.meter.charge();
    return value;
  });
  if ('error' in done) return { error: done.error };
  return typeof done.value === 'boolean' ? { value: done.value } : { error: 'it is neither true nor false' };
}

/** The first line of what was thrown: the library draws the place in the expression below it. */
function attempt(work: () => unknown): { value: unknown } | { error: string } {
  try {
    return { value: work() };
  } catch (thrown) {
    return { error: thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown) };
  }
}

function withoutSecrets(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object;
  const veiled = ['data', 'stringData'].flatMap((field) => {
    const values = object[field];
    if (typeof values !== 'object' || values === null) return [];
    return [[field, Object.fromEntries(Object.keys(values).map((key) => [key, hidden]))] as const];
  });
  return { ...object, ...Object.fromEntries(veiled) };
}

/**
 * The object as CEL reads it: JSON has one number type and CEL two, so whole numbers become ints and `object.status.replicas == 3`
 * means what it says. Notes the length of the longest text.
 */
function seenBy(value: unknown, longest: { text: number }): unknown {
  if (typeof value === 'string') longest.text = Math.max(longest.text, value.length);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => seenBy(item, longest));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !unseen.has(key))
      .map(([key, inner]) => [key, seenBy(inner, longest)]),
  );
}
