import type { Node } from 'oxc-parser';
import { isTest, walk, type Finding, type SourceText } from '../source.ts';

const forbiddenNames = new Set([
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'performance',
  'globalThis',
]);
const forbiddenMembers = new Set(['Date.now', 'Math.random', 'crypto.randomUUID', 'crypto.getRandomValues']);

/** `libs/core` is pure and synchronous: no clock, no chance, no process, no timers, no `async`. */
export function purity(file: SourceText): Finding[] {
  if (!file.path.startsWith('libs/core/') || isTest(file.path)) return [];
  const findings: Finding[] = [];
  walk(file.program, (node, parents) => {
    const message = impure(node, parents.at(-1));
    if (message) findings.push({ path: file.path, line: file.lineAt(node.start), rule: 'purity', message });
  });
  return findings;
}

function impure(node: Node, parent: Node | undefined): string | undefined {
  if ('async' in node && node.async === true) return 'core is synchronous: give the data in, let the shell wait';
  if (node.type === 'AwaitExpression') return 'core is synchronous: give the data in, let the shell wait';
  if (node.type === 'MemberExpression' && node.object.type === 'Identifier' && node.property.type === 'Identifier') {
    const name = `${node.object.name}.${node.property.name}`;
    if (forbiddenMembers.has(name)) return `core may not call ${name}: pass the value in`;
  }
  if (
    node.type === 'NewExpression' &&
    node.callee.type === 'Identifier' &&
    node.callee.name === 'Date' &&
    node.arguments.length === 0
  )
    return 'core may not read the clock: pass `now` in';
  if (node.type === 'Identifier' && forbiddenNames.has(node.name) && isReference(parent, node))
    return `core may not use ${node.name}`;
  return undefined;
}

/** False where the identifier is only a property's, a key's or a type's name. */
function isReference(parent: Node | undefined, node: Node): boolean {
  if (!parent) return true;
  if (parent.type === 'MemberExpression') return parent.object === node;
  if (parent.type === 'Property') return parent.value === node && !parent.shorthand;
  return parent.type === 'CallExpression' || parent.type === 'BinaryExpression' || parent.type === 'VariableDeclarator';
}
