export { aggregateHealth, type AggregatedHealth, type ObjectHealth } from './aggregate.ts';
export { assessHealth, endedAs, hasRule, missingHealth, type AssessOptions } from './assess.ts';
export { expressionsOver, type Expressions } from './rules/expression.ts';
export { compileRules, type HealthRules } from './rules/rules.ts';
export { type CheckContext, type Health } from './verdict.ts';
