import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usageOf } from '@fairlead/testkit/simulator';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { percentile, type Figure } from '../figure.ts';
import type { Answer, ToIntake } from '../status/protocol.ts';
import type { RecordPlace } from '../status/record.ts';

const applications = 100;
const ceilings = { summaryMs: 20, pageMs: 100, megabytes: 500 } as const;
const floor = 5_000;
const loadMs = 30_000;
/** Updates under way at a time: a tenth of ten thousand agents at the same moment. */
const atOnce = 1_000;

/** A hundred applications in each cluster. */
export const status: Bench = {
  name: 'status',
  variants: [{ ...usual, layout: 'apart' }],
  summary:
    `${applications} applications in each cluster: how fast the gateway stores what agents say (an update counts when ` +
    'its write is durable), and what the summary costs, quiet and meanwhile',
  async *run(options) {
    for (const clusters of options.clusters) yield* await measure(options, clusters);
  },
};

async function measure(options: BenchOptions, clusters: number): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-'));
  const place: RecordPlace = { kind: 'sqlite', file: join(folder, 'hub.db') };
  const intake = startIntake();
  try {
    const seeded = await intake.ask({ do: 'begin', place, clusters, applications });
    options.tell(`${clusters}: ${seeded.rows} rows stored in ${(seeded.tookMs / 1000).toFixed(1)} s`);
    const quiet = await intake.ask({ do: 'read' });
    const before = await usageOf(intake.pid);
    const load = await intake.ask({ do: 'load', forMs: loadMs, atOnce });
    const after = await usageOf(intake.pid);
    await intake.ask({ do: 'end' });
    return [
      {
        name: 'status.intake',
        clusters,
        value: (load.rows / load.tookMs) * 1000,
        unit: 'updates per second',
        floor,
        n: load.rows,
        p50: percentile(load.callsMs, 0.5),
        p99: percentile(load.callsMs, 0.99),
        details: {
          seededRowsPerSecond: (seeded.rows / seeded.tookMs) * 1000,
          cpuMsPerUpdate: ((after?.cpuMs ?? 0) - (before?.cpuMs ?? 0)) / load.rows,
        },
      },
      {
        name: 'status.memory',
        clusters,
        value: (after?.rssBytes ?? Number.NaN) / 2 ** 20,
        unit: 'MiB of the gateway process',
        ceiling: ceilings.megabytes,
      },
      {
        name: 'status.counts',
        clusters,
        value: percentile(quiet.callsMs, 0.99),
        unit: 'ms',
        ceiling: ceilings.summaryMs,
        n: quiet.callsMs.length,
        p50: percentile(quiet.callsMs, 0.5),
        p99: percentile(quiet.callsMs, 0.99),
      },
    ];
  } finally {
    await intake.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The gateway in a process of its own. */
function startIntake() {
  const child = fork(join(import.meta.dirname, '../status/intake.ts'), {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    async ask(message: ToIntake): Promise<Answer> {
      const answered = new Promise<Answer>((resolve) => child.once('message', (said) => resolve(said as Answer)));
      child.send(message);
      const said = await Promise.race([answered, ended]);
      if (!said) throw new Error('Cannot go on: the process that takes statuses in has ended');
      return said;
    },
    async stop(): Promise<void> {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
