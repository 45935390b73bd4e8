import { parseArgs } from 'node:util';
import type { Bench, BenchOptions } from './bench.ts';
import { fanout } from './benches/fanout.ts';
import { idle } from './benches/idle.ts';
import { restart } from './benches/restart.ts';
import { status } from './benches/status.ts';
import { groundHere, lineOf, wordsOf } from './figure.ts';

const benches: readonly Bench[] = [fanout, idle, restart, status];

const usage = `Usage: npm run bench -- NAME [options]

${benches.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}

  --clusters N,N     numbers of clusters, one run each (default: 100,1000)
  --rounds N         repetitions; the median counts (default: 5)
  --processes N      processes that share the agents (default: 1)
  --seed N           what everything pretended is drawn from (default: 1)
  --hub-profile DIR  write CPU profiles of the hub there
  --simulator-profile DIR  and of the agents' processes
  --json             one line of JSON for each figure on standard output
`;

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} is ${text}: write a whole number of at least 1`);
  return value;
}

/** Fulfilled by the first signal that asks this process to end. */
function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('interrupted'));
  });
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      clusters: { type: 'string', default: '100,1000' },
      rounds: { type: 'string', default: '5' },
      processes: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      'hub-profile': { type: 'string' },
      'simulator-profile': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = benches.find(({ name }) => name === positionals[0]);
  if (values.help || !chosen) {
    process.stderr.write(usage);
    return values.help ? 0 : 2;
  }
  const options: BenchOptions = {
    clusters: values.clusters.split(',').map((text) => whole('--clusters', text)),
    rounds: whole('--rounds', values.rounds),
    processes: whole('--processes', values.processes),
    seed: whole('--seed', values.seed),
    hubProfile: values['hub-profile'],
    simulatorProfile: values['simulator-profile'],
    tell: (text) => void process.stderr.write(`${text}\n`),
  };
  const ground = groundHere();
  for await (const figure of chosen.run(options))
    process.stdout.write(`${values.json ? lineOf(figure, ground) : wordsOf(figure)}\n`);
  return 0;
}

const alive = setInterval(() => {}, 2 ** 30); // the servers do not keep this process running
let exitCode = 1;
try {
  const ended = await Promise.race([run(), interruption()]);
  exitCode = ended === 'interrupted' ? 130 : ended;
} catch (error) {
  process.stderr.write(`\n${(error as Error).message}\n`);
}
clearInterval(alive);
process.exit(exitCode); // what still runs ends with it
