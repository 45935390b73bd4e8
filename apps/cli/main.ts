import { homedir } from 'node:os';
import type { Io } from './io.ts';

function systemIo(): Io {
  let ending: AbortController | undefined;
  return {
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    terminal: process.stdout.isTTY,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interrupted() {
      if (ending) return ending.signal;
      const control = new AbortController();
      ending = control;
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => control.abort());
      return control.signal;
    },
    now: () => Date.now(),
  };
}

// Whoever reads our output may stop early (`| head`); that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const oldestNode = 24;
if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  process.stderr.write(
    `error: Cannot run on Node ${process.versions.node}: it is older than ${oldestNode}. Run it by npm (\`npm run -s fairlead -- …\`), or install Node ${oldestNode}.\n`,
  );
  process.exitCode = 1;
} else {
  // Loaded only now: an older Node cannot even link what it imports.
  const { run } = await import('./run.ts');
  process.exitCode = await run(process.argv.slice(2), systemIo());
}
