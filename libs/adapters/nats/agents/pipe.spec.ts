import { manualClock, type ManualClock } from '@fairlead/ports/clock';
import { natsCodec, type FrameBody } from '@fairlead/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameCost, leastWindow } from './credit.ts';
import { Pipe, type PipeOptions } from './pipe.ts';

const limits = { window: leastWindow, idleMs: 10_000, answerMs: 1_000 };

type Fault = 'none' | 'lost' | 'twice' | 'late';

function pipe(given: Partial<PipeOptions> & { readonly send: PipeOptions['send'] }): Pipe {
  return new Pipe({
    limits,
    clock: manualClock(),
    peerWindow: limits.window,
    before: { sent: 0, received: 0 },
    turn: () => undefined,
    readsToEnd: true,
    ...given,
  });
}

/** Two ends; the frames of the first pass `faults`, one for each. */
function joined(faults: readonly Fault[], clock = manualClock()): { near: Pipe; far: Pipe } {
  const pending = [...faults];
  let held: Uint8Array | undefined;
  const near = pipe({
    clock,
    send(frame) {
      const fault = pending.shift() ?? 'none';
      if (fault === 'lost') return;
      if (fault === 'late') return void (held = frame);
      far.receive(frame);
      if (fault === 'twice') far.receive(frame);
      if (held) far.receive(held);
      held = undefined;
    },
  });
  const far = pipe({ clock, send: (frame) => void setImmediate(() => near.receive(frame)) });
  return { near, far };
}

async function readAll(stream: Pipe): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    for await (const part of stream as AsyncIterable<Buffer>) parts.push(part);
  } catch {
    // Ended in between: what came before counts.
  }
  return Buffer.concat(parts);
}

const sizes = fc.array(fc.integer({ min: 1, max: 150_000 }), { minLength: 1, maxLength: 6 });
const bytesOf = (count: number, seed: number): Buffer => Buffer.alloc(count, `${seed}-`);

test('bytes come out as they went in, whatever their portions', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async (portions) => {
      const { near, far } = joined([]);
      const received = readAll(far);
      for (const [at, size] of portions.entries()) near.write(bytesOf(size, at));
      near.end();
      expect((await received).equals(Buffer.concat(portions.map(bytesOf)))).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('where the broker loses, doubles or reorders a frame the stream ends, and what came before is right', async () => {
  const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'none', 'lost', 'twice', 'late'), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(sizes, faults, async (portions, drawn) => {
      const clock = manualClock();
      const { near, far } = joined(drawn, clock);
      const received = readAll(far);
      for (const [at, size] of portions.entries()) near.write(bytesOf(size, at));
      near.end();
      // Time passes until each end has found out.
      while (!near.destroyed || !far.destroyed) {
        await new Promise((resolve) => void setImmediate(resolve));
        clock.advance(limits.answerMs);
      }
      const whole = Buffer.concat(portions.map(bytesOf));
      const came = await received;
      expect(came.equals(whole.subarray(0, came.length))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

/** One end alone, whose other end is the test. */
function alone(options: Partial<PipeOptions> = {}) {
  const clock = manualClock();
  const sent: FrameBody[] = [];
  const end = pipe({ clock, send: (frame) => void sent.push(natsCodec.readFrame(frame)), ...options });
  let sequence = 0;
  const hear = (body: FrameBody): void => end.receive(natsCodec.writeFrame({ ...body, sequence: (sequence += 1) }));
  return { clock, sent, end, hear };
}

const data = (bytes: number): FrameBody => ({ type: 'Data', data: new Uint8Array(bytes) });

test('an end that sends more than was granted is cut off, and never more than the window is kept', async () => {
  const { end, hear } = alone();
  for (let n = 0; n < 3; n += 1) hear(data(50_000));
  expect(await end.over).toBe('The other end sent more than it may.');
});

test('a million empty frames are more than a window as well', async () => {
  const { end, hear } = alone();
  for (let n = 0; n <= limits.window / frameCost; n += 1) hear(data(0));
  expect(await end.over).toBe('The other end sent more than it may.');
});

test.each([1, limits.window + 1, 1_000_000_000])(
  'a grant of %d in all, which no honest end makes, ends the stream',
  async (total) => {
    const { end, hear } = alone();
    hear({ type: 'Grant', total });
    expect(await end.over).toBe('The other end granted what it does not have.');
  },
);

test('an end that only asks is cut off', async () => {
  const { end, hear, sent } = alone();
  for (let n = 0; n <= 60; n += 1) hear({ type: 'Ping' });
  expect(await end.over).toContain('too often');
  expect(sent.filter(({ type }) => type === 'Pong')).toHaveLength(60);
});

test('a second request, or bytes that are no frame, end the stream', async () => {
  const twice = alone();
  twice.hear({ type: 'Open', stream: 'abcd1234', window: 1 });
  expect(await twice.end.over).toBe('The other end opened the stream twice.');
  const noise = alone();
  noise.end.receive(new Uint8Array([0xff, 0xff]));
  expect(await noise.end.over).toBe('A frame was no frame.');
});

test('one that is quiet is asked, and one that does not answer is gone', async () => {
  const { clock, end, hear, sent } = alone();
  const quiet = (forMs: number, by: ManualClock): void => by.advance(forMs);
  quiet(limits.idleMs - 1, clock);
  expect(sent).toEqual([]);
  quiet(1, clock);
  expect(sent).toMatchObject([{ type: 'Ping' }]);
  hear({ type: 'Pong' });
  quiet(limits.idleMs, clock);
  expect(sent).toMatchObject([{ type: 'Ping' }, { type: 'Ping' }]);
  quiet(limits.answerMs, clock);
  expect(await end.over).toBe('The other end does not answer.');
});

test('a writer waits for what is granted, and is let go when the other end has gone', async () => {
  const { end, hear, sent } = alone();
  let written = 0;
  for (let n = 0; n < 3; n += 1) end.write(Buffer.alloc(60_000), () => (written += 1));
  await new Promise((resolve) => void setImmediate(resolve));
  expect(sent.filter(({ type }) => type === 'Data')).toHaveLength(2);
  const before = written;
  hear({ type: 'End', reason: 'Gone.' });
  await new Promise((resolve) => void setImmediate(resolve));
  expect(before).toBeLessThan(3);
  expect(written).toBe(3);
  expect(end.lastWord).toBe('Gone.');
  end.destroy();
  expect(await end.over).toBe('Gone.');
});
