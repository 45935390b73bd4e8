import type { Io } from './io.ts';

/** An {@link Io} for tests, which remembers what was printed. */
export interface RecordedIo extends Io {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** As Ctrl-C would. */
  interrupt(): void;
  /** Resolves when standard output holds the text. */
  printed(text: string): Promise<void>;
}

/** Makes one; nothing of the machine's own environment gets in. */
export function recordedIo(given: {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly home?: string;
  readonly nowMs?: number;
}): RecordedIo {
  const control = new AbortController();
  const waiting = new Map<string, () => void>();
  let [out, err] = ['', ''];
  return {
    env: given.env ?? {},
    cwd: given.cwd ?? '/nowhere',
    home: given.home ?? '/nowhere',
    terminal: false,
    out(text) {
      out += text;
      for (const [wanted, tell] of waiting) if (out.includes(wanted)) tell();
    },
    err: (text) => void (err += text),
    interrupted: () => control.signal,
    now: () => given.nowMs ?? 0,
    stdout: () => out,
    stderr: () => err,
    interrupt: () => control.abort(),
    printed: (text) => new Promise((tell) => (out.includes(text) ? tell() : void waiting.set(text, tell))),
  };
}
