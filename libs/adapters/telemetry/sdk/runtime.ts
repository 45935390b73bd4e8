import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { MeterProvider } from '@opentelemetry/sdk-metrics';

const nanosecondsPerSecond = 1e9;
const microsecondsPerSecond = 1e6;

/** Event loop, memory and processor time, by the semantic conventions; measured when they are asked for. Returns how to stop. */
export function observeProcess(provider: MeterProvider): () => void {
  const meter = provider.getMeter('fairlead.process');
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let lastUse = performance.eventLoopUtilization();
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(name, { unit, description });
  const delays = {
    p50: gauge('nodejs.eventloop.delay.p50', 's', 'Median delay of the event loop since the last scrape'),
    p99: gauge('nodejs.eventloop.delay.p99', 's', '99th percentile of the delay since the last scrape'),
    max: gauge('nodejs.eventloop.delay.max', 's', 'Longest delay since the last scrape'),
  };
  const use = gauge(
    'nodejs.eventloop.utilization',
    '1',
    'Share of time that the event loop was busy since the last scrape',
  );
  const memory = gauge('process.memory.usage', 'By', 'Resident memory');
  const heap = gauge('v8js.memory.heap.used', 'By', 'JavaScript heap in use');
  const uptime = gauge('process.uptime', 's', 'Since the start of the process');
  const cpu = meter.createObservableCounter('process.cpu.time', { unit: 's', description: 'Processor time by mode' });
  const all = [delays.p50, delays.p99, delays.max, use, memory, heap, uptime, cpu];
  meter.addBatchObservableCallback((result) => {
    result.observe(delays.p50, delay.percentile(50) / nanosecondsPerSecond);
    result.observe(delays.p99, delay.percentile(99) / nanosecondsPerSecond);
    result.observe(delays.max, delay.max / nanosecondsPerSecond);
    delay.reset();
    const now = performance.eventLoopUtilization();
    result.observe(use, performance.eventLoopUtilization(now, lastUse).utilization);
    lastUse = now;
    const { rss, heapUsed } = process.memoryUsage();
    result.observe(memory, rss);
    result.observe(heap, heapUsed);
    result.observe(uptime, process.uptime());
    const { user, system } = process.cpuUsage();
    result.observe(cpu, user / microsecondsPerSecond, { 'cpu.mode': 'user' });
    result.observe(cpu, system / microsecondsPerSecond, { 'cpu.mode': 'system' });
  }, all);
  return () => delay.disable();
}
