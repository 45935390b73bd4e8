import { readFile, writeFile } from 'node:fs/promises';
import type { Variant } from './bench.ts';
import { rounded, sizeOf, wordsOfPaired, type MeasuredFigure } from './figure.ts';
import type { Ground } from './ground.ts';

/** Figures of one bench in one variant. */
export interface Section {
  readonly bench: string;
  readonly variant: Variant;
  readonly figures: readonly MeasuredFigure[];
}

/** A table of a document: a bench in one variant, with a column for each size. */
export interface Place {
  readonly bench: string;
  readonly variant: Variant;
  readonly sizes: readonly number[];
}

/**
 * Looks whether the document can take these tables, before anything is measured. Throws where it has no place for one, or
 * where a column that stands there would be lost.
 */
export async function checkPlaces(file: string, places: readonly Place[]): Promise<void> {
  const text = await readFile(file, 'utf8');
  for (const place of places) {
    const [from, to] = bordersOf(text, { file, ...place });
    const columns = [...text.slice(from, to).matchAll(/ ([\d,]+) (clusters|objects) (?=\|)/g)];
    const lost = columns.filter(([, size = '']) => !place.sizes.map(sizeText).includes(size));
    const [, , of] = lost[0] ?? [];
    if (of !== undefined)
      throw new Error(
        `Cannot write ${place.bench} into ${file}: its columns for ${lost.map(([, size]) => size).join(' and ')} ${of} would be lost. Measure them too, by --${of}.`,
      );
  }
}

/**
 * Writes the tables of these sections into a document, each between `<!-- bench:NAME TRANSPORT LAYOUT -->` and
 * `<!-- /bench -->`; every other word of it stays. Throws where the document has no such place.
 */
export async function writeReport(file: string, sections: readonly Section[], ground: Ground): Promise<void> {
  let text = await readFile(file, 'utf8');
  for (const { bench, variant, figures } of sections) {
    const [from, to] = bordersOf(text, { file, bench, variant });
    text = `${text.slice(0, from)}\n\n${tableOf(figures)}\n\n${groundOf(ground)}\n\n${text.slice(to)}`;
  }
  await writeFile(file, text);
}

function bordersOf(text: string, by: { file: string; bench: string; variant: Variant }): [from: number, to: number] {
  const begin = `<!-- bench:${by.bench} ${by.variant.transport} ${by.variant.layout} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf('<!-- /bench -->', from);
  if (from >= 0 && to >= 0) return [from + begin.length, to];
  throw new Error(`Cannot write the figures into ${by.file}: it has no place ${begin} … <!-- /bench -->. Add it.`);
}

function sizeText(size: number): string {
  return size.toLocaleString('en');
}

/** One line a figure, one column a size. */
export function tableOf(figures: readonly MeasuredFigure[]): string {
  const sizes = [...new Set(figures.map((figure) => sizeOf(figure).count))].sort((a, b) => a - b);
  const { of } = sizeOf(figures[0] ?? { name: '', value: 0, unit: '' });
  const names = [...new Set(figures.map(({ name }) => name))];
  const rows = names.map((name) => {
    const here = figures.filter((figure) => figure.name === name);
    const cells = sizes.map((size) => cellOf(here.find((figure) => sizeOf(figure).count === size)));
    return [name, here[0]?.unit ?? '', ...cells];
  });
  const details = names.flatMap((name) => detailRows(figures, { name, sizes }));
  const head = ['figure', 'unit', ...sizes.map((size) => `${sizeText(size)} ${of}`)];
  return [head, head.map(() => '---'), ...rows, ...details].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellOf(figure: MeasuredFigure | undefined): string {
  if (!figure) return '';
  const { value, ceiling, floor, paired, p50, p99, peer } = figure;
  const bound = ceiling === undefined ? floor : ceiling;
  const isMet = ceiling === undefined ? value >= (floor ?? value) : value <= ceiling;
  const goal = paired
    ? ` (${wordsOfPaired(paired)}; ≥ ${paired.least}: ${paired.ratio >= paired.least ? 'yes' : '**no**'})`
    : bound === undefined
      ? ''
      : ` (${ceiling === undefined ? '≥' : '≤'} ${bound}: ${isMet ? 'yes' : '**no**'})`;
  const spread = p50 === undefined || p99 === undefined ? '' : `; p50 ${rounded(p50)}, p99 ${rounded(p99)}`;
  return `**${rounded(value)}**${goal}${spread}${peer ? `; ${peer.name} ${rounded(peer.value)}` : ''}`;
}

/** What belongs to a figure, as rows below it. */
function detailRows(
  figures: readonly MeasuredFigure[],
  { name, sizes }: { name: string; sizes: readonly number[] },
): string[][] {
  const here = figures.filter((figure) => figure.name === name);
  const keys = [...new Set(here.flatMap(({ details }) => Object.keys(details ?? {})))];
  return keys.map((key) => {
    const cells = sizes.map((size) => {
      const value = here.find((figure) => sizeOf(figure).count === size)?.details?.[key];
      return typeof value === 'number' ? String(rounded(value)) : (value ?? '');
    });
    return [`${name}: ${wordsOfKey(key)}`, '', ...cells];
  });
}

/** `hubCpuMsPerCluster` as `hub cpu ms per cluster`. */
function wordsOfKey(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function groundOf({ commit, node, postgres, nats, kubernetes, cpu, cores, memoryGib, kernel }: Ground): string {
  const versions = `Node ${node}, PostgreSQL ${postgres}, nats-server ${nats}, Kubernetes ${kubernetes}`;
  return `Measured on ${cores} cores (${cpu}), ${memoryGib} GiB, ${kernel}, ${versions}, at commit ${commit}.`;
}
