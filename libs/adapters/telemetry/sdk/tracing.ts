import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { FairleadError, redacted } from '@fairlead/core/model';
import { resourceOf } from './resource.ts';
import type { OtlpTarget, TelemetryOptions } from './start.ts';

/** Traces that are made and handed over. */
export interface Tracing {
  /** Hands over what waits and makes no more. */
  close(): Promise<void>;
}

/** Spans that wait for the collector at most; beyond it they are dropped, and the hub goes on. */
const mostWaiting = 8_192;

/** Makes traces for this process. Everything waits, is sent and is dropped within bounds. */
export async function startTracing(options: TelemetryOptions, target: OtlpTarget): Promise<Tracing> {
  const exporter = new OTLPTraceExporter({ url: tracesUrl(target.url), timeoutMillis: 5_000, concurrencyLimit: 4 });
  const provider = new TracerProvider({
    resource: resourceOf(options),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(target.ratio ?? givenRatio()) }),
    spanLimits: { attributeCountLimit: 32, attributeValueLengthLimit: 1024, linkCountLimit: 16, eventCountLimit: 16 },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: mostWaiting,
        maxExportBatchSize: 512,
        scheduledDelayMillis: 2_000,
        exportTimeoutMillis: 10_000,
      }),
    ],
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  tellOnce(options.onProblem);
  context.setGlobalContextManager(contexts);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return {
    async close() {
      trace.disable();
      propagation.disable();
      context.disable();
      contexts.disable();
      await provider.shutdown();
      diag.disable();
    },
  };
}

/** The exporter says the same again with every batch; people hear of it when it changes. */
function tellOnce(onProblem: TelemetryOptions['onProblem']): void {
  let last = '';
  const tell = (given: unknown): void => {
    const words = redacted(given instanceof Error ? given.message : String(given)).slice(0, 300);
    if (words === last) return;
    last = words;
    onProblem(
      new FairleadError(`Cannot hand over traces: ${words}. Look after the collector; traces are dropped meanwhile.`, {
        code: 'Unavailable',
        reason: 'TelemetryUnavailable',
        retry: 'backoff',
      }),
    );
  };
  const silent = (): void => undefined;
  setGlobalErrorHandler(tell);
  diag.setLogger({ error: tell, warn: tell, info: silent, debug: silent, verbose: silent }, DiagLogLevel.WARN);
}

/** The share by OpenTelemetry's own variable; all of them unless it is given. */
function givenRatio(): number {
  const text = process.env['OTEL_TRACES_SAMPLER_ARG'] ?? '1';
  const ratio = Number(text);
  if (text !== '' && ratio >= 0 && ratio <= 1) return ratio;
  throw refused(`OTEL_TRACES_SAMPLER_ARG is ${text}. Write a share from 0 to 1`);
}

function tracesUrl(given: string): string {
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw refused(`its address is ${redacted(given)}. Write http://HOST:PORT`);
  if (url.username !== '' || url.password !== '')
    throw refused('its address holds credentials. Put them into OTEL_EXPORTER_OTLP_HEADERS');
  return url.pathname === '/' ? new URL('/v1/traces', url).href : url.href;
}

function refused(why: string): FairleadError {
  return new FairleadError(`Cannot send traces to the collector: ${why}.`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
    subject: { field: '--otlp' },
  });
}
