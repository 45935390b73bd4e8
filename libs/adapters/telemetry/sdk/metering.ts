import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { resourceOf } from './resource.ts';
import { observeProcess } from './runtime.ts';
import type { TelemetryOptions } from './start.ts';

/** Metrics that are kept for a scrape. */
export interface Metering {
  text(): Promise<string>;
  close(): Promise<void>;
}

/** Keeps metrics for this process. */
export function startMetering(options: TelemetryOptions): Metering {
  // Its own server would answer nothing but metrics.
  const reader = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ resource: resourceOf(options), readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  const stopObserving = observeProcess(provider);
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  let reading: Promise<string> | undefined;
  const read = async (): Promise<string> => {
    const { resourceMetrics } = await reader.collect({ timeoutMillis: 5_000 });
    return serializer.serialize(withUnits(resourceMetrics));
  };
  return {
    // Scrapes that come together share one reading.
    text: () => (reading ??= read().finally(() => (reading = undefined))),
    async close() {
      stopObserving();
      metrics.disable();
      await provider.shutdown();
    },
  };
}

/** Units as the compatibility rules of OpenTelemetry for Prometheus append them; the exporter leaves them out. */
const suffixes: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes', '1': 'ratio' };

/** What the exporter reads, by its own types: the enumerations of two packages are not one to the compiler. */
type Collected = Parameters<PrometheusSerializer['serialize']>[0];

function withUnits(all: Collected): Collected {
  return {
    ...all,
    scopeMetrics: all.scopeMetrics.map(({ scope, metrics: some }) => ({ scope, metrics: some.map(withUnit) })),
  };
}

function withUnit(data: Collected['scopeMetrics'][number]['metrics'][number]): typeof data {
  const { name, unit } = data.descriptor;
  const suffix = suffixes[unit];
  if (suffix === undefined || name.endsWith(suffix)) return data;
  return { ...data, descriptor: { ...data.descriptor, name: `${name}.${suffix}` } };
}
