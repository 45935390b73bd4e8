import pc from 'picocolors';

/** A figure that must stay below a bound. */
export interface Figure {
  readonly valueMs: number;
  readonly belowMs: number;
}

/** Tells what happens, a line a fact, each with the time since the beginning; remembers what was not as it should be. */
export interface Teller {
  act(title: string): void;
  fact(text: string): void;
  /** What a user would type. */
  command(line: string): void;
  /** Something that must hold. */
  expect(text: string, holds: boolean): void;
  /** A time that must stay below its bound. */
  figure(text: string, figure: Figure): void;
  /** Free text for the reader, such as how to look around. */
  note(text: string): void;
  readonly failures: readonly string[];
  readonly expectations: number;
}

/** `850 ms` below ten seconds, `12.3 s` from there on. */
export function span(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Makes a teller that writes to `out`; colours where a person looks. */
export function createTeller(out: (text: string) => void, options: { colours: boolean; now: () => number }): Teller {
  const paint = pc.createColors(options.colours);
  const startedAt = options.now();
  const failures: string[] = [];
  let expectations = 0;
  let acts = 0;
  const line = (mark: string, text: string): void => {
    const at = ((options.now() - startedAt) / 1000).toFixed(1).padStart(6);
    out(`${paint.dim(`${at} s`)}  ${mark} ${text}\n`);
  };
  const expect: Teller['expect'] = (text, holds) => {
    expectations += 1;
    if (!holds) failures.push(text);
    line(holds ? paint.green('✓') : paint.red('✗'), holds ? text : paint.red(text));
  };
  return {
    act(title) {
      acts += 1;
      out(`\n${paint.bold(`${acts}. ${title}`)}\n`);
    },
    fact: (text) => line(' ', text),
    command: (text) => line(paint.cyan('$'), paint.cyan(text)),
    expect,
    figure(text, { valueMs, belowMs }) {
      expect(`${text}: ${paint.bold(span(valueMs))} ${paint.dim(`(below ${span(belowMs)})`)}`, valueMs < belowMs);
    },
    note: (text) => out(`${text}\n`),
    get failures() {
      return failures;
    },
    get expectations() {
      return expectations;
    },
  };
}
