import fc from 'fast-check';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { FrameSchema, RecordSchema } from './gen/fairlead/v1/nats_pb.js';
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
      expect(natsCodec.readFrame(Uint8Array.from(natsCodec.writeFrame(frame)))).toEqual(frame);
    }),
  );
});

test.each<StreamRecord>([
  { type: 'Message', bytes: new Uint8Array([1, 2, 3]) },
  { type: 'Taken' },
  { type: 'Ending', code: 'PermissionDenied', reason: 'NotAMember', message: 'Cannot take the stream – no member.' },
])('a record is read as it was written: $type', (record) => {
  expect(natsCodec.readRecord(Uint8Array.from(natsCodec.writeRecord(record)))).toEqual(record);
});

test('what is written by hand is what the general writer writes, and is read where the general reader reads it', () => {
  fc.assert(
    fc.property(count, fc.uint8Array({ maxLength: 300 }), (sequence, data) => {
      const frame = fromBinary(FrameSchema, natsCodec.writeFrame({ type: 'Data', sequence, data }));
      expect(frame).toMatchObject({ sequence: BigInt(sequence), body: { case: 'data' } });
      expect(natsCodec.readFrame(toBinary(FrameSchema, frame))).toMatchObject({ type: 'Data', sequence });
      const record = fromBinary(RecordSchema, natsCodec.writeRecord({ type: 'Message', bytes: data }));
      expect(record.body.case).toBe('message');
      expect(natsCodec.readRecord(toBinary(RecordSchema, record))).toEqual({ type: 'Message', bytes: data });
    }),
  );
});

test('bytes of any kind are a frame or InvalidInput', () => {
  const headed = fc.tuple(fc.constantFrom([8], [8, 1, 26], [8, 128], [26]), fc.uint8Array({ maxLength: 20 }));
  fc.assert(
    fc.property(headed, ([head, rest]) => {
      const bytes = new Uint8Array([...head, ...rest]);
      try {
        const { sequence } = natsCodec.readFrame(bytes);
        expect(Number.isSafeInteger(sequence)).toBe(true);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'InvalidInput' });
      }
    }),
  );
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
])('refused: %s', (_, bytes) => {
  expect(() => natsCodec.readRecord(bytes)).toThrow(expect.objectContaining({ code: 'InvalidInput' }));
});

test('an error whose reason a later version added is an error all the same', () => {
  const ending = natsCodec.readRecord(endingOf('Internal', 'EclipseOfTheSun'));
  expect(ending).toMatchObject({ type: 'Ending', code: 'Internal', reason: 'ReasonUnknown' });
});

function openOf(name: string): Uint8Array {
  return natsCodec.writeFrame({ sequence: 1, type: 'Open', stream: name, window: 1 });
}

function endingOf(code: string, reason: string): Uint8Array {
  return natsCodec.writeRecord({ type: 'Ending', code: code as never, reason: reason as never, message: '' });
}
