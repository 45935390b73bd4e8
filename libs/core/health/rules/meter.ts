import type { ParseResult } from '@marcbachmann/cel-js';
import { compilePattern, type Pattern } from './pattern.ts';

/** Most units that the expressions of one rule may use on one object: some tens of milliseconds at the very worst. */
const mostUnits = 20_000;

/** Most patterns that are kept compiled; a pattern may be made of the object's own texts. */
const mostPatterns = 64;

/**
 * Counts what an expression does, and stops it. CEL ends for certain, yet loops in loops over a large object take as good as for
 * ever, and the agent has one thread for all applications.
 */
export class Meter {
  #left = mostUnits;
  #unit = 1;
  readonly #patterns = new Map<string, Pattern>();

  /** Begins anew, for an object whose longest text has so many characters. */
  start(longestText: number): void {
    this.#left = mostUnits;
    this.#unit = 1 + searchCost(longestText);
  }

  /** True if what was computed may not be believed: the library takes an error for a value here and there (`||`, `exists`). */
  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** Takes units, one step of a loop unless told; throws once there are none left. */
  charge(units: number = this.#unit): void {
    this.#left -= units;
    if (this.isSpent) throw new Error('it takes too long on this object; loop over less');
  }

  /** What the expression built in a loop: texts and lists that double each time are stopped while they are small. */
  chargeFor(built: unknown): void {
    if (!Array.isArray(built)) return;
    for (const item of built) {
      if (typeof item === 'string') this.charge(searchCost(item.length));
      else if (Array.isArray(item)) this.charge(item.length);
    }
  }

  /** Whether a pattern fits somewhere in a text; throws an Error that says what is wrong with the pattern. */
  matches(text: string, source: string): boolean {
    let pattern = this.#patterns.get(source);
    if (!pattern) {
      pattern = compilePattern(source);
      this.charge(Math.floor(pattern.size / 20));
      if (this.#patterns.size >= mostPatterns) this.#patterns.clear();
      this.#patterns.set(source, pattern);
    }
    this.charge(1 + Math.floor((text.length * pattern.size) / 1_000));
    return pattern.fits(text);
  }
}

/** What it may cost to look for one text in another of this length, in units. */
function searchCost(characters: number): number {
  return Math.floor((characters / 256) ** 2);
}

/** The name under which {@link Meter.matches} is registered: the library lets nobody register `matches` anew. */
export const matchesName = 'matchesInLinearTime';

/** A node of the library's tree, with what is read of it here. */
interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly meta: { readonly alternate?: Node; readonly macro?: object };
}

/** A loop, as `all`, `exists`, `map` and `filter` become one. */
interface Loop {
  condition?: (soFar: unknown) => boolean;
  result: (soFar: unknown) => unknown;
}

/**
 * Puts every loop of a parsed expression on the meter and its `matches` into linear time. Throws an Error that names a pattern
 * that cannot be read, or what is not offered: `cel.bind` and `join`, by which a short expression builds a text of any size.
 */
export function putOn(meter: Meter, parsed: ParseResult): void {
  visit(parsed.ast, (node) => {
    if (node.op === 'comprehension') meterLoop(meter, node.args as Loop);
    if (node.op !== 'rcall') return;
    const args = node.args as [string, ...unknown[]];
    if (args[0] === 'join') throw new Error('join() is not offered');
    if (args[0] === 'bind' && node.meta.macro) throw new Error('cel.bind() is not offered');
    if (args[0] !== 'matches') return;
    args[0] = matchesName;
    for (const pattern of literals(args[2])) compilePattern(pattern);
  });
}

/** The texts that stand in the expression itself, so that a wrong pattern is refused before any object is judged. */
function literals(given: unknown): readonly string[] {
  return Array.isArray(given)
    ? given.flatMap((node: Node) => (node.op === 'value' && typeof node.args === 'string' ? [node.args] : []))
    : [];
}

function meterLoop(meter: Meter, loop: Loop): void {
  const { condition, result } = loop;
  loop.condition = (soFar) => {
    meter.charge();
    return condition?.(soFar) ?? true;
  };
  loop.result = (soFar) => {
    meter.chargeFor(soFar);
    return result(soFar);
  };
}

/** Every node, those that stand for a macro instead of the macro; the parser bounds how many there are and how deep. */
function visit(from: unknown, look: (node: Node) => void): void {
  if (Array.isArray(from)) return from.forEach((part) => visit(part, look));
  if (typeof from !== 'object' || from === null) return;
  if (!isNode(from)) return Object.values(from).forEach((part) => visit(part, look));
  if (from.meta.alternate) return visit(from.meta.alternate, look);
  look(from);
  visit(from.args, look);
}

function isNode(value: object): value is Node {
  return 'op' in value && 'args' in value && 'meta' in value;
}
