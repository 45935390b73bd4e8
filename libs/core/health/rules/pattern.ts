/** A regular expression that is matched in time proportional to the text. */
export interface Pattern {
  /** How many states it has: a text costs at most this much for each character. */
  readonly size: number;
  /** True if it fits somewhere in the text. */
  fits(text: string): boolean;
}

type Tree =
  | { readonly is: 'Set'; readonly has: (code: number) => boolean }
  | { readonly is: 'Begin' | 'End' }
  | { readonly is: 'Sequence' | 'Either'; readonly of: readonly Tree[] }
  | { readonly is: 'Repeat'; readonly of: Tree; readonly min: number; readonly max: number };

type State =
  | { is: 'Set'; has: (code: number) => boolean; next: number }
  | { is: 'Begin' | 'End'; next: number }
  | { is: 'Fork'; next: number; other: number }
  | { is: 'Done' };

/** Longest pattern in characters, and most states after counted repetitions were written out. */
const most = { characters: 500, states: 1_000 };

const range = (low: string, high: string) => (code: number) =>
  code >= (low.codePointAt(0) ?? 0) && code <= (high.codePointAt(0) ?? 0);
const isDigit = range('0', '9');
const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13 && code !== 11);
const isWord = (code: number) => isDigit(code) || range('a', 'z')(code) || range('A', 'Z')(code) || code === 95;
const not = (has: (code: number) => boolean) => (code: number) => !has(code);
const classes = new Map([
  ['d', isDigit],
  ['D', not(isDigit)],
  ['s', isSpace],
  ['S', not(isSpace)],
  ['w', isWord],
  ['W', not(isWord)],
]);
const controls = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['f', '\f'],
  ['v', '\v'],
]);

/**
 * Compiles what CEL means by `matches`: RE2's syntax without flags, named classes and `\b`, and without what RE2 leaves out as
 * well (look-around, back references). Throws an Error that says what it cannot read. The engine of JavaScript backtracks:
 * there, one rule of one application could hold up the agent for hours.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > most.characters) throw new Error(`the pattern has more than ${most.characters} characters`);
  const reader = new Reader(source);
  const tree = reader.either();
  if (!reader.ended) throw new Error(`the pattern has a ) without a (`);
  const states: State[] = [{ is: 'Done' }];
  const first = write(states, { tree, next: 0 });
  return { size: states.length, fits: (text) => fits(states, { first, text }) };
}

/** Reads a pattern by recursive descent; its length bounds the depth. */
class Reader {
  readonly #source: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#source = Array.from(source);
  }

  get ended(): boolean {
    return this.#at >= this.#source.length;
  }

  either(): Tree {
    const of = [this.#sequence()];
    while (this.#take('|')) of.push(this.#sequence());
    return { is: 'Either', of };
  }

  #sequence(): Tree {
    const of: Tree[] = [];
    while (!this.ended && !['|', ')'].includes(this.#peek())) of.push(this.#repeated());
    return { is: 'Sequence', of };
  }

  #repeated(): Tree {
    let tree = this.#atom();
    for (let bounds = this.#bounds(); bounds; bounds = this.#bounds()) tree = { is: 'Repeat', of: tree, ...bounds };
    return tree;
  }

  #bounds(): { min: number; max: number } | undefined {
    const simple = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[this.#peek()];
    const counted = /^\{(\d{1,3})(,(\d{1,3})?)?\}/.exec(this.#source.slice(this.#at, this.#at + 10).join(''));
    if (!simple && !counted) return undefined;
    this.#at += counted?.[0].length ?? 1;
    // Lazy or greedy makes no difference to whether it fits.
    this.#take('?');
    const [min = 0, max = 0] = simple ?? [
      Number(counted?.[1]),
      counted?.[2] === undefined ? Number(counted?.[1]) : counted[3] === undefined ? Infinity : Number(counted[3]),
    ];
    if (max < min) throw new Error(`{${min},${max}} counts backwards`);
    return { min, max };
  }

  #atom(): Tree {
    const letter = this.#next();
    if (letter === '(') return this.#group();
    if (letter === '[') return { is: 'Set', has: this.#set() };
    if (letter === '.') return { is: 'Set', has: (code) => code !== 10 };
    if (letter === '^') return { is: 'Begin' };
    if (letter === '$') return { is: 'End' };
    if ('*+?'.includes(letter)) throw new Error(`${letter} repeats nothing`);
    if (letter !== '\\') return one(letter);
    if (this.#take('A')) return { is: 'Begin' };
    if (this.#take('z')) return { is: 'End' };
    const escaped = this.#escape();
    return typeof escaped === 'string' ? one(escaped) : { is: 'Set', has: escaped };
  }

  #group(): Tree {
    if (this.#take('?') && !this.#take(':')) throw new Error('groups are (...) or (?:...)');
    const tree = this.either();
    if (!this.#take(')')) throw new Error('the pattern has a ( without a )');
    return tree;
  }

  #set(): (code: number) => boolean {
    const negated = this.#take('^');
    const parts: ((code: number) => boolean)[] = [];
    while (parts.length === 0 || this.#peek() !== ']') {
      const low = this.#member();
      const isRange = typeof low === 'string' && this.#peek() === '-' && this.#source[this.#at + 1] !== ']';
      if (isRange) this.#at += 1;
      const high = isRange ? this.#member() : low;
      if (typeof low === 'string' && typeof high === 'string') parts.push(range(low, high));
      else if (typeof low === 'string' || isRange) throw new Error('a range has a class at its end');
      else parts.push(low);
    }
    this.#at += 1;
    const has = (code: number) => parts.some((part) => part(code));
    return negated ? not(has) : has;
  }

  #member(): string | ((code: number) => boolean) {
    const letter = this.#next();
    if (letter === '[' && this.#peek() === ':') throw new Error('named classes are not read');
    return letter === '\\' ? this.#escape() : letter;
  }

  #escape(): string | ((code: number) => boolean) {
    const letter = this.#next();
    const meaning = classes.get(letter) ?? controls.get(letter);
    if (meaning !== undefined) return meaning;
    if (/[A-Za-z0-9]/.test(letter)) throw new Error(`\\${letter} is not read`);
    return letter;
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #take(letter: string): boolean {
    if (this.#peek() !== letter) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    if (this.ended) throw new Error('the pattern ends too early');
    return this.#source[this.#at++] ?? '';
  }
}

function one(letter: string): Tree {
  return { is: 'Set', has: range(letter, letter) };
}

/** Writes the states of a tree before those that follow it, and returns its first one (Thompson's construction). */
function write(states: State[], by: { tree: Tree; next: number }): number {
  const { tree, next } = by;
  if (states.length > most.states) throw new Error(`the pattern has more than ${most.states} states`);
  switch (tree.is) {
    case 'Set':
      return states.push({ is: 'Set', has: tree.has, next }) - 1;
    case 'Begin':
    case 'End':
      return states.push({ is: tree.is, next }) - 1;
    case 'Sequence':
      return tree.of.reduceRight((after, part) => write(states, { tree: part, next: after }), next);
    case 'Either':
      return tree.of
        .map((part) => write(states, { tree: part, next }))
        .reduce((first, other) => states.push({ is: 'Fork', next: first, other }) - 1);
    case 'Repeat':
      return writeRepeat(states, { tree, next });
  }
}

function writeRepeat(states: State[], by: { tree: Tree & { is: 'Repeat' }; next: number }): number {
  const { of, min, max } = by.tree;
  let first = by.next;
  if (max === Infinity) {
    const loop: State = { is: 'Fork', next: 0, other: by.next };
    first = states.push(loop) - 1;
    loop.next = write(states, { tree: of, next: first });
  }
  for (let left = max === Infinity ? 0 : max - min; left > 0; left -= 1)
    first = states.push({ is: 'Fork', next: write(states, { tree: of, next: first }), other: by.next }) - 1;
  for (let left = min; left > 0; left -= 1) {
    const before = first;
    first = write(states, { tree: of, next: before });
    // What asks for no character asks for none a thousand times; no state would be written, and none counted.
    if (first === before) break;
  }
  return first;
}

/** Follows all states at once, each at most once for each character. */
function fits(states: readonly State[], run: { first: number; text: string }): boolean {
  const letters = Array.from(run.text);
  let now = new Set<number>();
  for (let at = 0; at <= letters.length; at += 1) {
    const where = { begin: at === 0, end: at === letters.length };
    now = reached(states, { from: [...now, run.first], where });
    if (now.has(0)) return true;
    const code = letters[at]?.codePointAt(0) ?? -1;
    const after = new Set<number>();
    for (const index of now) {
      const state = states[index];
      if (state?.is === 'Set' && state.has(code)) after.add(state.next);
    }
    now = after;
  }
  return false;
}

/** The states that are reached without another character. */
function reached(
  states: readonly State[],
  by: { from: readonly number[]; where: { begin: boolean; end: boolean } },
): Set<number> {
  const seen = new Set<number>();
  const open = [...by.from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const state = states[index];
    if (state?.is === 'Fork') open.push(state.next, state.other);
    else if ((state?.is === 'Begin' && by.where.begin) || (state?.is === 'End' && by.where.end)) open.push(state.next);
  }
  return seen;
}
