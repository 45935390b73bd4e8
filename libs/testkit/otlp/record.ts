import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

/** A span that ended, with the names of its relatives for tests to read. */
export interface RecordedSpan {
  readonly name: string;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  /** Ids of the spans that it is linked to. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `ERROR`'s message, where the step failed. */
  readonly failure: string | undefined;
  readonly durationMs: number;
}

/** Telemetry of this process, in memory. */
export interface Recording {
  /** In the order in which they ended. */
  spans(): readonly RecordedSpan[];
  /** All metrics as Prometheus reads them. */
  metrics(): Promise<string>;
  stop(): void;
}

/** Records every span and metric of this process until it is stopped; one recording at a time. */
export function startRecording(): Recording {
  const exporter = new InMemorySpanExporter();
  const contexts = new AsyncLocalStorageContextManager().enable();
  const reader = new PrometheusExporter({ preventServerStart: true });
  context.setGlobalContextManager(contexts);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return {
    spans: () => exporter.getFinishedSpans().map(recorded),
    metrics: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    stop() {
      for (const api of [trace, propagation, context, metrics]) api.disable();
      contexts.disable();
    },
  };
}

function recorded(span: ReturnType<InMemorySpanExporter['getFinishedSpans']>[number]): RecordedSpan {
  const { traceId, spanId } = span.spanContext();
  const [seconds, nanoseconds] = span.duration;
  return {
    name: span.name,
    trace: traceId,
    id: spanId,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map((link) => link.context.spanId),
    attributes: span.attributes,
    failure: span.status.message,
    durationMs: seconds * 1_000 + nanoseconds / 1e6,
  };
}
