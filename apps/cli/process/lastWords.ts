const kept = 40;
/** As pino numbers its words. */
const levels: Readonly<Record<string, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };
const warning = 40;
const failure = 50;

/** A line of the hub's log: pino's JSON, or what else a process writes before it dies. */
export interface LogLine {
  readonly level: number;
  readonly text: string;
}

/** Reads a line of standard error; a line that is no JSON of pino's counts as a failure, for only those are written so. */
export function logLine(line: string): LogLine {
  try {
    const { level, msg, err } = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: { message?: unknown } };
    const number = typeof level === 'string' ? levels[level] : level;
    if (typeof number === 'number') {
      const words = [msg, err?.message].filter((part): part is string => typeof part === 'string' && part !== '');
      return { level: number, text: [...new Set(words)].join(': ') };
    }
  } catch {
    // Not JSON: shown as it is.
  }
  return { level: failure, text: line };
}

/** True for what a person at a terminal should see of a log. */
export function matters({ level }: LogLine): boolean {
  return level >= warning;
}

/** Keeps the end of a log, to tell why a process died. */
export function lastWords(): { hear(line: LogLine): void; tell(): string } {
  const lines: LogLine[] = [];
  return {
    hear(line) {
      lines.push(line);
      if (lines.length > kept) lines.shift();
    },
    tell() {
      const failures = lines.filter(({ level, text }) => level >= failure && !/^\s+at |^$|^Node\.js v/.test(text));
      return failures
        .slice(-5)
        .map(({ text }) => text.trim().replace(/^error: /, ''))
        .join(' | ');
    },
  };
}
