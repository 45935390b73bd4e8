import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { composeText, loadCompose, root } from './model.ts';

interface Collector {
  readonly extensions: object;
  readonly receivers: {
    readonly otlp: { readonly protocols: { readonly http: { readonly endpoint: string } } };
    readonly prometheus: {
      readonly config: {
        readonly scrape_configs: readonly [
          { readonly static_configs: readonly [{ readonly targets: readonly string[] }] },
        ];
      };
    };
  };
  readonly processors: object;
  readonly exporters: { readonly prometheus: { readonly endpoint: string } };
  readonly service: {
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<
      Record<string, Readonly<Record<'receivers' | 'processors' | 'exporters', readonly string[]>>>
    >;
  };
}

// The collector is a program of another world (Go, many modules) and is not run here: what is checked is what it would
// refuse or miss first.
const collector = load(await readFile(join(root, 'deploy/compose/otel-collector.yaml'), 'utf8')) as Collector;
const model = await loadCompose(await composeText({ FAIRLEAD_FLEET: 'https://git.test/f.git', FAIRLEAD_NAME: 'h' }));

it('every pipeline of the collector is made of parts that are there, and no part is idle', () => {
  const { pipelines, extensions } = collector.service;
  for (const kind of ['receivers', 'processors', 'exporters'] as const) {
    const used = Object.values(pipelines).flatMap((pipeline) => pipeline[kind]);
    expect(Object.keys(collector[kind]).sort()).toEqual([...new Set(used)].sort());
  }
  expect(Object.keys(collector.extensions)).toEqual(extensions);
});

it('the collector asks every role for its metrics, at the port where it serves them', () => {
  const { targets } = collector.receivers.prometheus.config.scrape_configs[0].static_configs[0];
  const serving = Object.entries(model.services).filter(
    ([, { profiles, command }]) => profiles === undefined && command?.includes('--metrics=0.0.0.0:9464'),
  );
  expect([...targets].sort()).toEqual(serving.map(([name]) => `${name}:9464`).sort());
});

it('traces go where the collector listens', () => {
  const port = collector.receivers.otlp.protocols.http.endpoint.split(':').at(-1);
  const told = Object.values(model.services).flatMap(({ command = [] }) =>
    command.filter((word) => word.startsWith('--otlp=')),
  );
  expect(new Set(told)).toEqual(new Set([`--otlp=http://otel-collector:${port}`]));
  const published = model.services['otel-collector']?.ports?.map(({ target }) => String(target));
  expect(published).toEqual([collector.exporters.prometheus.endpoint.split(':').at(-1)]);
});
