/** Takes one line of progress, without its line end. */
export type Log = (line: string) => void;

/** Writes progress to standard error, so that what a command prints on standard output stays clean. */
export function logToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
