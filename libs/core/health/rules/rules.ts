import type { ParseResult } from '@marcbachmann/cel-js';
import {
  lastAppliedAnnotation,
  matchesTarget,
  type HealthRule,
  type KubeObject,
  type Target,
} from '@fairlead/core/model';
import { expressionsOver, type Expressions } from './expression.ts';
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

/** Copies of the object, written into it by others; they are large and nobody means them. */
const unseen: ReadonlySet<string> = new Set(['managedFields', lastAppliedAnnotation]);

/** What stands for each value of a Secret: an error of an expression may name a value, and the status shows the error. */
const hidden = '(hidden)';

/**
 * Compiles CEL rules over `object`. An expression reads integers of the object as CEL ints. Throws InvalidInput
 * (reason InvalidDocument), naming the rule by its place in the list, if one is no CEL or asks for what is not offered. An
 * expression that cannot be evaluated, or takes too long, calls nothing healthy, and the message says why.
 */
export function compileRules(rules: readonly HealthRule[]): HealthRules {
  const expressions = expressionsOver({ object: 'map' });
  const compiled = rules.map((rule, index): Compiled => {
    const parse = (field: 'healthy' | 'failed', text: string) => expressions.parse(text, `health[${index}].${field}`);
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
      return rule && verdict(rule, { object, expressions });
    },
  };
}

function kindOnly(target: Target): Target {
  return {
    ...(target.group === undefined ? {} : { group: target.group }),
    ...(target.kind === undefined ? {} : { kind: target.kind }),
  };
}

function verdict(rule: Compiled, { object, expressions }: { object: KubeObject; expressions: Expressions }): Health {
  const read = expressions.read({ object: withoutSecrets(object) }, unseen);
  if (!('seen' in read)) return notEvaluated(read.error ?? '');
  const failed = rule.failed && expressions.answer(rule.failed, read.seen);
  if (failed?.value === true) return degraded("the application's rule calls it failed");
  const trouble = failed?.error;
  const result = expressions.answer(rule.healthy, read.seen);
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

function withoutSecrets(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object;
  const veiled = ['data', 'stringData'].flatMap((field) => {
    const values = object[field];
    if (typeof values !== 'object' || values === null) return [];
    return [[field, Object.fromEntries(Object.keys(values).map((key) => [key, hidden]))] as const];
  });
  return { ...object, ...Object.fromEntries(veiled) };
}
