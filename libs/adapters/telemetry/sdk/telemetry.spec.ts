import { metrics, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FairleadError } from '@fairlead/core/model';
import { manualClock, systemClock } from '@fairlead/ports/clock';
import { startOtlpReceiver, type OtlpReceiver } from '@fairlead/testkit/otlp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTelemetry, type Telemetry, type TelemetryOptions } from '../index.ts';

let receiver: OtlpReceiver;
let telemetry: Telemetry | undefined;
const problems: FairleadError[] = [];

beforeEach(async () => {
  problems.length = 0;
  receiver = await startOtlpReceiver();
});

afterEach(async () => {
  await telemetry?.close();
  telemetry = undefined;
  await receiver.close();
});

async function start(options: Partial<TelemetryOptions>): Promise<Telemetry> {
  telemetry = await startTelemetry({
    service: 'fairlead-gateway',
    version: '1.2.3',
    instance: 'gateway-1',
    metrics: false,
    clock: systemClock,
    onProblem: (problem) => void problems.push(problem),
    ...options,
  });
  return telemetry;
}

test('spans reach the collector with their parents, and name the service', async () => {
  const running = await start({ otlp: { url: receiver.url } });
  trace.getTracer('test').startActiveSpan('outer', (outer) => {
    trace.getTracer('test').startActiveSpan('inner', (inner) => {
      inner.setAttribute('fairlead.cluster', 'dev-1').setStatus({ code: SpanStatusCode.ERROR }).end();
    });
    outer.end();
  });
  await running.close();
  const [inner, outer] = receiver.spans();
  expect(inner).toMatchObject({ name: 'inner', isError: true, attributes: { 'fairlead.cluster': 'dev-1' } });
  expect(outer).toMatchObject({ name: 'outer', parent: '', isError: false });
  expect({ trace: inner?.trace, parent: inner?.parent }).toEqual({ trace: outer?.trace, parent: outer?.id });
  expect(outer?.resource).toMatchObject({
    'service.namespace': 'fairlead',
    'service.name': 'fairlead-gateway',
    'service.version': '1.2.3',
    'service.instance.id': 'gateway-1',
  });
});

test('a share of zero keeps no trace', async () => {
  const running = await start({ otlp: { url: receiver.url, ratio: 0 } });
  trace.getTracer('test').startSpan('unseen').end();
  await running.close();
  expect(receiver.spans()).toEqual([]);
});

test('the share may be given as OpenTelemetry gives it, and one that is none is refused', async () => {
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0');
  const running = await start({ otlp: { url: receiver.url } });
  expect(trace.getTracer('test').startSpan('unseen').isRecording()).toBe(false);
  await running.close();
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', 'all');
  await expect(start({ otlp: { url: receiver.url } })).rejects.toThrow('OTEL_TRACES_SAMPLER_ARG is all');
  vi.unstubAllEnvs();
});

test('a collector that refuses traces is told of once, however many it refuses', async () => {
  receiver.status = 400;
  const running = await start({ otlp: { url: receiver.url } });
  for (let batch = 0; batch < 1_500; batch += 1) trace.getTracer('test').startSpan('lost').end();
  await running.close();
  expect(problems).toMatchObject([{ reason: 'TelemetryUnavailable', code: 'Unavailable' }]);
  expect(receiver.spans()).toEqual([]);
});

test('a collector that is away does not hold up the end of the process', async () => {
  receiver.status = 503;
  const clock = manualClock();
  const running = await start({ otlp: { url: receiver.url }, clock });
  trace.getTracer('test').startSpan('lost').end();
  const closing = running.close();
  clock.advance(3_000);
  await closing;
  expect(receiver.spans()).toEqual([]);
});

test('an address with credentials is refused, and they are not repeated', async () => {
  const attempt = start({ otlp: { url: 'http://bob:hunter2@127.0.0.1:4318' } });
  await expect(attempt).rejects.toMatchObject({ code: 'InvalidInput', subject: { field: '--otlp' } });
  await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') as string });
});

test('metrics are read as Prometheus reads them, with units in their names', async () => {
  const running = await start({ metrics: true });
  const meter = metrics.getMeter('test');
  meter.createHistogram('http.server.request.duration', { unit: 's' }).record(0.2, { 'http.route': '/a' });
  meter.createCounter('fairlead.agent.io', { unit: 'By' }).add(7, { 'network.io.direction': 'receive' });
  const text = await running.metricsText();
  expect(text).toContain('http_server_request_duration_seconds_count{http_route="/a"} 1');
  expect(text).toContain('fairlead_agent_io_bytes_total{network_io_direction="receive"} 7');
  expect(text).toMatch(/^process_memory_usage_bytes \d+$/m);
  expect(text).toMatch(/^nodejs_eventloop_delay_p99_seconds [\d.e-]+$/m);
  expect(text).toMatch(/^target_info\{.*service_instance_id="gateway-1".*\} 1$/m);
});

test('what is not asked for makes nothing', async () => {
  const running = await start({});
  const span = trace.getTracer('test').startSpan('none');
  expect(span.isRecording()).toBe(false);
  expect(await running.metricsText()).toBe('');
});

test('telemetry that was closed can be started again', async () => {
  await (await start({ otlp: { url: receiver.url }, metrics: true })).close();
  const second = await start({ otlp: { url: receiver.url }, metrics: true });
  trace.getTracer('test').startSpan('again').end();
  metrics.getMeter('test').createCounter('again').add(1);
  expect(await second.metricsText()).toContain('again_total 1');
  await second.close();
  expect(receiver.spans().map(({ name }) => name)).toEqual(['again']);
});
