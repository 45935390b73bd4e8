import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseHub } from '../hub/profile.ts';
import { printer, type Format } from '../output/print.ts';
import { paintFor } from '../output/words.ts';
import { recordedIo, type RecordedIo } from '../recorded.ts';
import { up, type UpOptions } from './up.ts';

let home: string;
let main: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'fairlead-up-'));
  main = join(home, 'main.mjs');
});
afterEach(() => rm(home, { recursive: true }));

/** A process in the place of the hub: it makes what a hub makes in its data folder, and does what the script says. */
async function hubThat(script: string): Promise<void> {
  await writeFile(
    main,
    `import { writeFileSync } from 'node:fs';
     const data = process.argv[process.argv.indexOf('--data') + 1];
     writeFileSync(data + '/ca.pem', 'authority');
     writeFileSync(data + '/admin-token', 'fla_secret\\n');
     writeFileSync(data + '/flags.json', JSON.stringify(process.argv.slice(2)));
     ${script}`,
  );
}

const serve = `console.log(JSON.stringify({ ready: true, api: 'https://127.0.0.1:9443', grpc: '127.0.0.1:9444', dataDir: data }));
  process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);`;

function started(output: Format = 'table'): { io: RecordedIo; ended: Promise<void> } {
  const env = { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? '', PATH: process.env['PATH'] ?? '' };
  const io = recordedIo({ home, cwd: home, env });
  const options: UpOptions & { output: Format; color: boolean } = {
    fleet: 'https://git.example.com/fleet',
    branch: 'main',
    listen: '127.0.0.1:0',
    grpcListen: '127.0.0.1:0',
    poll: '5s',
    name: [],
    output,
    color: false,
  };
  const print = printer(io, { format: output, paint: paintFor({ terminal: false, env: {} }) });
  const hub = (): never => {
    throw new Error('up asks no hub');
  };
  return { io, ended: up({ words: [], options, io, print, hub }, () => main) };
}

test('up writes the profile, says the address and the next step, and Ctrl-C stops the hub', async () => {
  await hubThat(serve);
  const { io, ended } = started();
  await io.printed('Ctrl-C stops it');
  expect(io.stdout()).toContain('up: the hub of https://git.example.com/fleet answers at https://127.0.0.1:9443');
  expect(io.stdout()).toContain('next: fairlead cluster join NAME');
  expect(io.stdout() + io.stderr()).not.toContain('fla_secret');
  expect(await chooseHub(io, {})).toEqual({
    server: 'https://127.0.0.1:9443',
    caPem: 'authority',
    token: 'fla_secret',
  });
  io.interrupt();
  await ended;
  const data = join(home, '.local/share/fairlead/default');
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  const flags = JSON.parse(await readFile(join(data, 'flags.json'), 'utf8')) as string[];
  expect(flags).toEqual(expect.arrayContaining(['--poll-ms', '5000', '--kustomize', '--helm']));
  expect(flags[flags.indexOf('--kustomize') + 1]).toMatch(/^5\.\d+\.\d+=\//);
});

test('up as json is one line for scripts', async () => {
  await hubThat(serve);
  const { io, ended } = started('json');
  await io.printed('\n');
  io.interrupt();
  await ended;
  expect(JSON.parse(io.stdout())).toEqual({
    ready: true,
    api: 'https://127.0.0.1:9443',
    grpc: '127.0.0.1:9444',
    dataDir: join(home, '.local/share/fairlead/default'),
    profile: 'default',
  });
});

test('a hub that cannot start fails the command with its own words', async () => {
  await hubThat(`console.error('error: Cannot listen on 127.0.0.1:8443: it is taken.'); process.exit(1);`);
  const { ended } = started();
  await expect(ended).rejects.toThrow('it ended with 1: Cannot listen on 127.0.0.1:8443: it is taken.');
});

test('a hub that dies ends the command, and its profile stays', async () => {
  await hubThat(`writeFileSync(data + '/pid', String(process.pid));
    process.on('SIGUSR2', () => { console.error('error: disk full'); process.exit(7); }); ${serve}`);
  const { io, ended } = started();
  await io.printed('Ctrl-C stops it');
  process.kill(Number(await readFile(join(home, '.local/share/fairlead/default/pid'), 'utf8')), 'SIGUSR2');
  await expect(ended).rejects.toThrow('it ended with 7: disk full');
  expect((await chooseHub(io, {})).server).toBe('https://127.0.0.1:9443');
});
