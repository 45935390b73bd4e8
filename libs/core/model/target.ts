import type { Target } from './documents/scalars.ts';
import { groupOf, type KubeObject } from './objects.ts';

/**
 * True if the target means the object. What the target leaves out matches anything; `*` in a word stands for any run of
 * characters, also none; an empty group is the core group. Pass the namespace that the object has in the cluster.
 */
export function matchesTarget(target: Target, object: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>): boolean {
  const slash = object.apiVersion.indexOf('/');
  return (
    matchesWord(target.group, groupOf(object.apiVersion)) &&
    matchesWord(target.version, object.apiVersion.slice(slash + 1)) &&
    matchesWord(target.kind, object.kind) &&
    matchesWord(target.name, object.metadata.name ?? '') &&
    matchesWord(target.namespace, object.metadata.namespace ?? '')
  );
}

/** True if the word fits the pattern: `*` stands for any run of characters, also none; no pattern fits every word. */
export function matchesWord(pattern: string | undefined, word: string): boolean {
  if (pattern === undefined || pattern === word) return true;
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined || word.length < head.length + tail.length || !word.startsWith(head) || !word.endsWith(tail))
    return false;
  let from = head.length;
  for (const piece of rest) {
    const found = word.indexOf(piece, from);
    if (found < 0) return false;
    from = found + piece.length;
  }
  return from <= word.length - tail.length;
}
