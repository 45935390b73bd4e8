import fc from 'fast-check';
import { expect, test } from 'vitest';
import { natsCodec, type Frame, type StreamRecord } from './nats.ts';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const stream = fc.stringMatching(/^[A-Za-z0-9]{8,32}$/);
const body = fc.oneof(
  fc.record({ type: fc.constant('Open' as const), stream, window: count }),
  fc.record({ type: fc.constant('Data' as const), data: fc.uint8Array() }),
  fc.record({ type: fc.constant('Grant' as const), total: count }),
  fc.record({ type: fc.constant('Ping' as const) }),
  fc.record({ type: fc.constant('Pong' as const) }),
  fc.record({ type: fc.constant('End' as const), reason: fc.string({ minLength: 1, maxLength: 200 }) }),
);

test('a frame is read as it was written', () => {
  fc.assert(
    fc.property(count, body, (sequence, one) => {
      const frame: Frame = { sequence, ...one };
      expect(natsCodec.readFrame(natsCodec.writeFrame(frame))).toEqual(frame);
    }),
  );
});

test.each<StreamRecord>([
  { type: 'Message', bytes: new Uint8Array([1, 2, 3]) },
  { type: 'Taken' },
  { type: 'Ending', code: 'PermissionDenied', reason: 'NotAMember', message: 'Cannot take the stream – no member.' },
])('a record is read as it was written: $type', (record) => {
  expect(natsCodec.readRecord(natsCodec.writeRecord(record))).toEqual(record);
});

test.each([
  ['bytes that are no frame', new Uint8Array([0xff, 0xff])],
  ['a frame without a body', new Uint8Array([8, 1])],
  ['a stream that would name another subject', openOf('other.up.*')],
  ['a stream that is too short to be its own', openOf('a')],
  ['a stream that is too long', openOf('a'.repeat(33))],
])('refused: %s', (_, bytes) => {
  expect(() => natsCodec.readFrame(bytes)).toThrow(expect.objectContaining({ code: 'InvalidInput' }));
});

test.each([
  ['bytes that are no record', new Uint8Array([0xff])],
  ['a record without a body', new Uint8Array()],
  ['an error of no code that is known', endingOf('Nonsense', 'NotAMember')],
  ['an error of no reason that is known', endingOf('Internal', 'Nonsense')],
])('refused: %s', (_, bytes) => {
  expect(() => natsCodec.readRecord(bytes)).toThrow(expect.objectContaining({ code: 'InvalidInput' }));
});

function openOf(name: string): Uint8Array {
  return natsCodec.writeFrame({ sequence: 1, type: 'Open', stream: name, window: 1 });
}

function endingOf(code: string, reason: string): Uint8Array {
  return natsCodec.writeRecord({ type: 'Ending', code: code as never, reason: reason as never, message: '' });
}
