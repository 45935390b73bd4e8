import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { pssOf, usageOf } from '@fairlead/testkit/simulator';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { startChild } from '../child.ts';
import { objectsOf } from '../engine/objects.ts';
import { setEngineStage } from '../engine/stage.ts';
import { median, type Figure } from '../figure.ts';

/** MB that an idle agent may have, by the number of its objects. */
const ceilings: Readonly<Record<number, number>> = { 1_000: 85, 10_000: 140 };
/** Between two readings; an agent is idle from the first one on. */
const betweenMs = 10_000;
const application = 'bench/kept';

/** An agent that has applied everything, and waits. */
export const memory: Bench = {
  name: 'memory',
  of: 'objects',
  rounds: 5,
  variants: [usual],
  summary:
    'proportional set size of the bundled agent while it is idle with objects of which a tenth are Deployments (1,000) or ' +
    `none (more), ConfigMaps of 2 KB: the median of readings ${betweenMs / 1000} s apart; beside it a Node that does nothing`,
  async *run(options) {
    for (const objects of options.sizes) yield await measure(options, objects);
  },
};

async function measure(options: BenchOptions, objects: number): Promise<Figure> {
  const stage = await setEngineStage(options);
  try {
    const shape = objects >= 10_000 ? 'configMaps' : 'mixed';
    await stage.hub.give({
      [application]: { namespace: 'kept', objects: objectsOf({ shape, count: objects, revision: 1 }) },
    });
    await stage.hub.untilDone(application);
    const bare = startChild(join(import.meta.dirname, '../engine/bare.ts'));
    const readings: number[] = [];
    for (let reading = 1; reading <= options.rounds; reading += 1) {
      await pause(betweenMs);
      readings.push(megabytes(await pssOf(stage.agent.pid)));
      options.tell(`${objects}: reading ${reading}: ${readings.at(-1)?.toFixed(1)} MB`);
    }
    const peer = { name: 'a Node that does nothing', value: megabytes(await pssOf(bare.pid)) };
    await bare.stop();
    const ceiling = ceilings[objects];
    return {
      name: 'memory',
      objects,
      value: median(readings),
      unit: 'MB (PSS)',
      ...(ceiling === undefined ? {} : { ceiling }),
      peer,
      n: readings.length,
      details: { rssMb: megabytes((await usageOf(stage.agent.pid))?.rssBytes) },
    };
  } finally {
    await stage.stop();
  }
}

function megabytes(bytes = Number.NaN): number {
  return bytes / 1e6;
}
