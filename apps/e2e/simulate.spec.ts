import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const running: ChildProcess[] = [];

/** `npm run simulate` as a person has it, except that nobody sits at a terminal. */
function simulate(args: readonly string[]) {
  // A group of its own, which Ctrl-C reaches as a whole.
  const child = spawn('npm', ['run', '-s', 'simulate', '--', ...args], { cwd: root, detached: true });
  running.push(child);
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (said.err += text));
  const over = once(child, 'close').then(([code, signal]: unknown[]) => code ?? signal);
  return {
    said,
    over,
    /** Waits until a line on stderr matches; rejects when the program ends before. */
    async hears(line: RegExp): Promise<void> {
      const heard = (async () => {
        while (!line.test(said.err)) await once(child.stderr, 'data');
      })();
      const ended = over.then((code) => Promise.reject(new Error(`it ended with ${String(code)}: ${said.err}`)));
      await Promise.race([heard, ended]);
    },
    ctrlC: () => process.kill(-(child.pid as number), 'SIGINT'),
  };
}

afterEach(() => {
  for (const { pid, exitCode, signalCode } of running.splice(0))
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
});

test('the simulator brings up a fleet, changes it, and sums up when it is interrupted', async () => {
  const run = simulate('--clusters 20 --objects 3 --processes 2 --change-every 1h'.split(' '));
  await run.hears(/^change 1 /m);
  await run.hears(/^connected 20\/20, .*\bin sync 20, healthy 20, failed 0, \d+ messages\/s/m);
  run.ctrlC();
  // The simulator ends with 0; the shell that npm runs it in may report the Ctrl-C instead.
  expect([0, 'SIGINT']).toContain(await run.over);

  expect(run.said.err).not.toContain('\u001b');
  const lines = run.said.out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^20 clusters for \d+\.\d s$/);
  const figures = new Map(lines.slice(1).map((line) => [line.slice(0, 13).trim(), line.slice(13)]));
  expect(figures.get('connected')).toMatch(/^20 times: p50 \d/);
  expect(figures.get('change 1')).toMatch(/^20 times: p50 \d.*; over at \d/);
  expect(figures.get('states')).toBe('Healthy 20');
  expect(figures.get('sent')).toMatch(/\bAck 40\b/);
  expect(figures.get('received')).toMatch(/\bDesired 40\b/);
  // A hub that has just begun may not have read git yet, and sends agents away for a moment.
  expect(figures.get('failures')).toMatch(/^\d+ streams/);
  for (const name of ['on the wire', 'hub', 'simulator']) expect(figures.get(name)).toMatch(/\d+ MiB/);
});

test('after its time it ends by itself', async () => {
  const run = simulate('--clusters 3 --objects 1 --duration 1s'.split(' '));
  expect(await run.over).toBe(0);
  expect(run.said.out).toMatch(/^3 clusters for /);
});

test('a flag that it cannot read ends it at once, and says which', async () => {
  const run = simulate(['--clusters', 'many']);
  expect(await run.over).toBe(1);
  expect(run.said.out).toBe('');
  expect(run.said.err.trim()).toBe('--clusters is many: write a whole number of at least 1');
});
