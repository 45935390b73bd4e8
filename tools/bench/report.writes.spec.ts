import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flagsOf } from './flags.ts';
import { lineOf, median, medianInterval, percentile, type MeasuredFigure } from './figure.ts';
import type { Ground } from './ground.ts';
import { checkPlaces, tableOf, writeReport } from './report.ts';

const ground: Ground = {
  commit: 'abc',
  node: 'v24',
  postgres: '15.1',
  nats: '2.15.0',
  kubernetes: '1.36.3',
  cpu: 'a processor',
  cores: 2,
  memoryGib: 24,
  kernel: 'linux 6',
};
const figure: MeasuredFigure = {
  name: 'fanout',
  clusters: 100,
  value: 0.3456,
  unit: 's',
  ceiling: 0.5,
  n: 5,
  p50: 0.2,
  p99: 0.31,
  details: { hubCpuMsPerCluster: 1.234 },
  transport: 'grpc',
  layout: 'one',
};

test('a line of JSON names figure, bound, ratio and ground', () => {
  expect(JSON.parse(lineOf(figure, ground))).toEqual({
    ...figure,
    ...ground,
    value: 0.346,
    ratio: 0.691,
  });
});

test('a table has a column for each size, and says where a bound does not hold', () => {
  const lines = tableOf([figure, { ...figure, clusters: 1_000, value: 3, ceiling: 2 }]).split('\n');
  expect(lines[0]).toBe('| figure | unit | 100 clusters | 1,000 clusters |');
  expect(lines[2]).toContain('**0.346** (≤ 0.5: yes)');
  expect(lines[2]).toContain('**3** (≤ 2: **no**)');
  expect(lines[3]).toBe('| fanout: hub cpu ms per cluster |  | 1.23 | 1.23 |');
});

test('a figure that was taken by turns with another says what part of it is reached, and how surely', () => {
  const paired = { name: 'a raw client', ceiling: 700, ratio: 0.842, interval: [0.8, 0.9], least: 0.85 } as const;
  const { clusters: _, ceiling: __, p50: ___, p99: ____, details: _____, ...rest } = figure;
  const measured = { ...rest, objects: 1_000, value: 600, paired };
  expect(JSON.parse(lineOf(measured, ground))).toMatchObject({
    objects: 1_000,
    value: 600,
    ceiling: 700,
    ceilingIs: 'a raw client',
    ratio: 0.842,
    ratioInterval: [0.8, 0.9],
    ratioFloor: 0.85,
  });
  expect(tableOf([measured])).toContain('| 1,000 objects |');
  expect(tableOf([measured])).toContain('**600** (0.842 of the 700 of a raw client, 0.8–0.9; ≥ 0.85: **no**)');
});

test('tables go into their places, and every other word stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-report-'));
  const file = join(folder, 'performance.md');
  const section = { bench: 'fanout', variant: { transport: 'grpc', layout: 'one' } as const, figures: [figure] };
  await writeFile(file, '# Words\n\n<!-- bench:fanout grpc one -->\n\nold\n\n<!-- /bench -->\n\nMore words\n');
  await writeReport(file, [section], ground);
  const once = await readFile(file, 'utf8');
  await writeReport(file, [section], ground);
  expect(await readFile(file, 'utf8')).toBe(once);
  expect(once).toMatch(/^# Words\n[^]*\*\*0\.346\*\*[^]*at commit abc\.\n\n<!-- \/bench -->\n\nMore words\n$/);
  expect(once).not.toContain('old');
  const place = { bench: 'fanout', variant: section.variant };
  await checkPlaces(file, [{ ...place, sizes: [100, 1_000] }]);
  await expect(checkPlaces(file, [{ ...place, sizes: [1_000] }])).rejects.toThrow('its columns for 100 clusters');
  await expect(checkPlaces(file, [{ ...place, bench: 'idle', sizes: [] }])).rejects.toThrow('no place');
  await expect(writeReport(file, [{ ...section, bench: 'idle' }], ground)).rejects.toThrow(
    '<!-- bench:idle grpc one -->',
  );
  await rm(folder, { recursive: true });
});

test('every file of benches is a bench that can be asked for, and the document has a place for each of its variants', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/performance.md'), 'utf8');
  const files = await readdir(join(import.meta.dirname, 'benches'));
  const runs = flagsOf(['all'])?.runs ?? [];
  expect([...new Set(runs.map(({ bench }) => `${bench.name}.ts`))].sort()).toEqual(files.sort());
  for (const { bench, options } of runs)
    expect(text).toContain(`<!-- bench:${bench.name} ${options.transport} ${options.layout} -->`);
});

test.each([
  [['walk'], '"walk" is no bench'],
  [['fanout', '--clusters', '0'], '--clusters is 0'],
  [['fanout', '--transport', 'smoke'], '--transport is smoke'],
  [['status', '--roles', 'one'], 'PostgreSQL only'],
  [['apply', '--objects', 'all'], '--objects is all'],
  [['noop', '--transport', 'nats'], 'over gRPC'],
])('%j is refused by name', (args, words) => {
  expect(() => flagsOf(args)).toThrow(words);
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([50, 99, 100]);
});

test('of ten values, all but the smallest and the largest tell of the median', () => {
  const values = Array.from({ length: 10 }, (_, at) => at);
  expect(medianInterval(values)).toEqual([1, 8]);
  expect(medianInterval([3, 1, 2])).toEqual([1, 3]);
});

test('a median of an even number of values lies between the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([5]), median([])]).toEqual([2, 2.5, 5, Number.NaN]);
});
