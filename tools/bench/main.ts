import { flagsOf, usage, type Command, type Run } from './flags.ts';
import { lineOf, wordsOf, type MeasuredFigure } from './figure.ts';
import { groundHere, type Ground } from './ground.ts';
import { checkPlaces, writeReport, type Section } from './report.ts';

/** Fulfilled by the first signal that asks this process to end. */
function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('interrupted'));
  });
}

async function measure({ bench, options }: Run, show: (figure: MeasuredFigure) => void): Promise<Section> {
  const { transport, layout } = options;
  const figures: MeasuredFigure[] = [];
  for await (const figure of bench.run(options)) {
    const measured = { ...figure, transport, layout };
    figures.push(measured);
    show(measured);
  }
  return { bench: bench.name, variant: { transport, layout }, figures };
}

async function carryOut({ runs, isJson, writeTo }: Command, ground: Ground): Promise<number> {
  if (writeTo !== undefined)
    await checkPlaces(
      writeTo,
      runs.map(({ bench, options: { transport, layout, sizes } }) => ({
        bench: bench.name,
        variant: { transport, layout },
        sizes,
      })),
    );
  for (const run of runs) {
    const section = await measure(run, (figure) => {
      process.stdout.write(`${isJson ? lineOf(figure, ground) : wordsOf(figure)}\n`);
    });
    // After each bench: what was measured is not lost with what comes later.
    if (writeTo !== undefined) await writeReport(writeTo, [section], ground);
  }
  return 0;
}

const alive = setInterval(() => {}, 2 ** 30); // the servers do not keep this process running
let exitCode = 1;
try {
  const command = flagsOf(process.argv.slice(2));
  if (command) {
    const ended = await Promise.race([carryOut(command, await groundHere()), interruption()]);
    exitCode = ended === 'interrupted' ? 130 : ended;
  } else {
    process.stdout.write(usage);
    exitCode = 0;
  }
} catch (error) {
  process.stderr.write(`\n${(error as Error).message}\n`);
}
clearInterval(alive);
process.exit(exitCode); // what still runs ends with it
