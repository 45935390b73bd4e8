import { setTimeout as pause } from 'node:timers/promises';
import { cpuMsOfServers, usageOf } from '@fairlead/testkit/simulator';
import type { Bench, BenchOptions } from '../bench.ts';
import { percentile, type Figure } from '../figure.ts';
import type { Answer } from '../status/protocol.ts';
import { setStatusStage, type StatusStage } from '../status/stage.ts';

const applications = 100;
const ceilings = { summaryMs: 20, pageMs: 100, megabytes: 500 } as const;
const leastPerSecond = 5_000;
const loadMs = 60_000;
/** Updates under way at a time: a tenth of ten thousand agents at the same moment. */
const atOnce = 1_000;
const reads = 200;
/** Between two reads while statuses come in; the api takes a hundred calls a second from one address. */
const readPauseMs = 50;

const summaryPath = '/api/v1/fleet';
/** One of seven placements is Progressing. */
const pagePath = '/api/v1/placements?health=Progressing&environment=all&limit=100';

/** A hundred applications in each cluster. */
export const status: Bench = {
  name: 'status',
  of: 'clusters',
  rounds: 1,
  variants: [{ transport: 'grpc', layout: 'apart' }],
  summary:
    `${applications} applications in each cluster, in PostgreSQL: how fast the gateway's sessions store what agents ` +
    'say (an update counts when its write is durable), and what the summary and a filtered page of the API take, ' +
    'quiet and meanwhile',
  async *run(options) {
    for (const clusters of options.sizes) yield* await measure(options, clusters);
  },
};

async function measure(options: BenchOptions, clusters: number): Promise<Figure[]> {
  const stage = await setStatusStage(clusters, applications);
  try {
    const { intake, servers } = stage;
    const seeded = await intake.ask({ do: 'begin', access: servers.access, clusters: stage.clusters, applications });
    options.tell(`${clusters}: ${seeded.rows} rows stored in ${(seeded.tookMs / 1000).toFixed(1)} s`);
    const quiet = await readAll(stage, 0);
    const before = await cpuOf(stage);
    const [load, busy] = await Promise.all([
      intake.ask({ do: 'load', forMs: loadMs, atOnce }),
      readAll(stage, readPauseMs),
    ]);
    const after = await cpuOf(stage);
    const figures = [
      intakeFigure(clusters, {
        load,
        seeded,
        gatewayMs: after.gateway - before.gateway,
        besideMs: after.beside - before.beside,
      }),
      readFigure('status.summary', { clusters, ceiling: ceilings.summaryMs, quiet: quiet.summary, busy: busy.summary }),
      readFigure('status.page', { clusters, ceiling: ceilings.pageMs, quiet: quiet.page, busy: busy.page }),
      ...(await memoryFigures(stage, clusters)),
    ];
    await intake.ask({ do: 'end' });
    return figures;
  } finally {
    await stage.stop();
  }
}

interface Reads {
  readonly summary: readonly number[];
  readonly page: readonly number[];
}

async function readAll({ api }: StatusStage, pauseMs: number): Promise<Reads> {
  const timed = async (path: string): Promise<number> => {
    const askedMs = performance.now();
    const { status: code, body } = await api.raw('GET', path);
    if (code !== 200) throw new Error(`Cannot read ${path}: the api answers ${code} ${body.slice(0, 300)}`);
    return performance.now() - askedMs;
  };
  const summary: number[] = [];
  const page: number[] = [];
  for (let read = 0; read < reads; read += 1) {
    summary.push(await timed(summaryPath));
    page.push(await timed(pagePath));
    await pause(pauseMs);
  }
  return { summary, page };
}

async function cpuOf({ intake, servers }: StatusStage): Promise<{ gateway: number; beside: number }> {
  return { gateway: (await usageOf(intake.pid))?.cpuMs ?? 0, beside: await cpuMsOfServers(servers.pids()) };
}

function intakeFigure(
  clusters: number,
  by: { readonly load: Answer; readonly seeded: Answer; readonly gatewayMs: number; readonly besideMs: number },
): Figure {
  const { load, seeded, gatewayMs, besideMs } = by;
  return {
    name: 'status.intake',
    clusters,
    value: (load.rows / load.tookMs) * 1000,
    unit: 'updates per second',
    floor: leastPerSecond,
    n: load.rows,
    p50: percentile(load.callsMs, 0.5),
    p99: percentile(load.callsMs, 0.99),
    details: {
      seededRowsPerSecond: (seeded.rows / seeded.tookMs) * 1000,
      gatewayCpuMsPerUpdate: gatewayMs / load.rows,
      besideCpuMsPerUpdate: besideMs / load.rows,
    },
  };
}

function readFigure(
  name: string,
  by: { clusters: number; ceiling: number; quiet: readonly number[]; busy: readonly number[] },
): Figure {
  const { clusters, ceiling, quiet, busy } = by;
  return {
    name,
    clusters,
    value: percentile(quiet, 0.99),
    unit: 'ms (p99)',
    ceiling,
    n: quiet.length,
    p50: percentile(quiet, 0.5),
    p99: percentile(quiet, 0.99),
    details: { whileIntakeP50Ms: percentile(busy, 0.5), whileIntakeP99Ms: percentile(busy, 0.99) },
  };
}

async function memoryFigures({ intake, apiPid }: StatusStage, clusters: number): Promise<Figure[]> {
  const of = async (role: string, pid: number): Promise<Figure> => ({
    name: `status.memory.${role}`,
    clusters,
    value: ((await usageOf(pid))?.rssBytes ?? Number.NaN) / 1e6,
    unit: 'MB',
    ceiling: ceilings.megabytes,
  });
  return [await of('api', apiPid), await of('gateway', intake.pid)];
}
