import { FairleadError } from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { memoryStore } from '@fairlead/ports/store';
import { startRecording, type Recording } from '@fairlead/testkit/otlp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inTraceOf, measuredBus, measuredStore, outsideOfTraces, tracedSteps, traceparentNow } from '../index.ts';

let recording: Recording;

beforeEach(() => {
  recording = startRecording();
});

afterEach(() => recording.stop());

const named = (name: string) => recording.spans().find((span) => span.name === name);

test('a step inside a step is its child', async () => {
  await tracedSteps.run('plan', () => tracedSteps.run('render', async () => undefined));
  expect(named('render')).toMatchObject({ parent: named('plan')?.id, trace: named('plan')?.trace });
});

test('a quiet step that came to nothing leaves no span, and is counted', async () => {
  await tracedSteps.run('check source', async () => undefined, { quiet: true });
  expect(recording.spans()).toEqual([]);
  expect(await recording.metrics()).toContain('fairlead_step_duration_count{fairlead_step="check source"} 1');
});

test.each([
  ['wrote', () => measuredStore(memoryStore(), { system: 'memory' }).write([])],
  ['rang', () => measuredBus(memoryBus(), { system: 'in_process' }).publish('events', {})],
  ['had a step inside', () => tracedSteps.run('render', async () => undefined)],
])('a quiet step that %s is told', async (_what, run) => {
  await tracedSteps.run('plan', run, { quiet: true });
  expect(named('plan')).toMatchObject({ parent: undefined });
});

test('a quiet step inside a quiet step that came to nothing is nothing', async () => {
  await tracedSteps.run('plan', () => tracedSteps.run('check source', async () => undefined, { quiet: true }), {
    quiet: true,
  });
  expect(recording.spans()).toEqual([]);
});

test('a step that fails says why in our words, and the failure goes on', async () => {
  const gone = new FairleadError('Cannot read it: it is gone.', { code: 'NotFound', reason: 'SourceNotFound' });
  await expect(tracedSteps.run('fetch source', () => Promise.reject(gone))).rejects.toBe(gone);
  expect(named('fetch source')).toMatchObject({
    failure: gone.message,
    attributes: { 'error.type': 'SourceNotFound' },
  });
});

test('words that are not ours stay out of traces', async () => {
  const foreign = Promise.reject(new Error('login as root:hunter2 failed'));
  await expect(tracedSteps.run('push ledger', () => foreign)).rejects.toThrow('hunter2');
  expect(named('push ledger')).toMatchObject({ failure: 'InternalError' });
});

test('many events become one step: in the trace of the first, linked to the others', async () => {
  const causes = tracedSteps.gather();
  for (const name of ['first', 'second', 'third']) await tracedSteps.run(name, async () => causes.add());
  await tracedSteps.run('plan', async () => undefined, { cause: causes.take() });
  const [first, second, third] = recording.spans();
  expect(named('plan')).toMatchObject({ trace: first?.trace, parent: first?.id, links: [second?.id, third?.id] });
});

test('a step without a cause begins a trace, wherever it runs', async () => {
  const causes = tracedSteps.gather();
  outsideOfTraces(() => causes.add());
  await tracedSteps.run('webhook', () => tracedSteps.run('plan', async () => undefined, { cause: causes.take() }));
  expect(named('plan')?.parent).toBeUndefined();
});

test('ten thousand events of one trace are one cause, and ten thousand traces a bounded number', async () => {
  const causes = tracedSteps.gather();
  await tracedSteps.run('one', async () => {
    for (let event = 0; event < 10_000; event += 1) causes.add();
  });
  await tracedSteps.run('plan', async () => undefined, { cause: causes.take() });
  for (let event = 0; event < 10_000; event += 1) await tracedSteps.run('other', async () => causes.add());
  await tracedSteps.run('plan again', async () => undefined, { cause: causes.take() });
  expect(named('plan')?.links).toEqual([]);
  expect(named('plan again')?.links).toHaveLength(16);
});

test('a trace that a message carried goes on, and a broken one is none', async () => {
  const carried = await tracedSteps.run('send', async () => traceparentNow());
  await inTraceOf(carried, () => tracedSteps.run('receive', async () => undefined));
  expect(named('receive')).toMatchObject({ parent: named('send')?.id });
  for (const broken of [undefined, 7, '', '00-zz-zz-01', '00-00000000000000000000000000000000-0000000000000000-01'])
    expect(inTraceOf(broken, traceparentNow)).toBeUndefined();
});

test('without telemetry nothing is carried', async () => {
  recording.stop();
  expect(await tracedSteps.run('plan', async () => traceparentNow())).toBeUndefined();
});
