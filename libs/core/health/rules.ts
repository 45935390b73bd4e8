import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { FairleadError, matchesTarget, type HealthRule, type KubeObject, type Target } from '@fairlead/core/model';
import { degraded, healthy, progressing, type Health } from './verdict.ts';

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

/** An expression is for one object: nothing near these bounds is meant. */
const limits = { maxAstNodes: 2_000, maxDepth: 64, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 16 };

/**
 * Compiles CEL rules over `object`. An expression reads integers of the object as CEL ints. Throws InvalidInput
 * (reason InvalidDocument), naming the rule by its place in the list, if one is no CEL.
 */
export function compileRules(rules: readonly HealthRule[]): HealthRules {
  const environment = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits,
  }).registerVariable('object', 'map');
  const compiled = rules.map((rule, index): Compiled => {
    const parse = (field: 'healthy' | 'failed', text: string) =>
      parsed(environment, { text, field: `health[${index}].${field}` });
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
      return rule && verdict(rule, object);
    },
  };
}

function kindOnly(target: Target): Target {
  return {
    ...(target.group === undefined ? {} : { group: target.group }),
    ...(target.kind === undefined ? {} : { kind: target.kind }),
  };
}

function parsed(environment: Environment, expression: { text: string; field: string }): ParseResult {
  try {
    return environment.parse(expression.text);
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

function verdict(rule: Compiled, object: KubeObject): Health {
  const context = { object: withInts(object) };
  const failed = rule.failed && evaluate(rule.failed, context);
  if (failed?.value === true) return degraded("the application's rule calls it failed");
  const result = evaluate(rule.healthy, context);
  if (result.value === true) return healthy("the application's rule calls it healthy");
  // A field that is not there yet is how most objects begin, so an expression that cannot be evaluated is no failure.
  const trouble = result.error ?? failed?.error;
  return progressing(
    trouble === undefined
      ? "the application's rule does not call it healthy yet"
      : `the application's rule cannot be evaluated yet: ${trouble}`,
  );
}

function evaluate(expression: ParseResult, context: { object: unknown }): { value?: unknown; error?: string } {
  try {
    return { value: expression(context) };
  } catch (thrown) {
    return { error: thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown) };
  }
}

/** JSON has one number type and CEL two: whole numbers become ints, so that `object.status.replicas == 3` means what it says. */
function withInts(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(withInts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withInts(inner)]));
}
