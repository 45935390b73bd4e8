import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import type { ErrorCode, Reason } from '@fairlead/core/model';
import { readBytesField, writeBytesField } from './bytesField.ts';
import { decoded } from './envelope.ts';
import { FrameSchema, RecordSchema } from './gen/fairlead/v1/nats_pb.js';
import { limits } from './limits.ts';
import { countFrom, countTo, reasonFrom, text, unreadable } from './scalars.ts';

/** What a frame does. */
export type FrameBody =
  | { readonly type: 'Open'; readonly stream: string; readonly window: number }
  | { readonly type: 'Data'; readonly data: Uint8Array }
  | { readonly type: 'Grant'; readonly total: number }
  | { readonly type: 'Ping' }
  | { readonly type: 'Pong' }
  | { readonly type: 'End'; readonly reason: string };

/** One NATS message of a stream; `sequence` counts from 1 in each direction. */
export type Frame = FrameBody & { readonly sequence: number };

/** What travels inside of the TLS connection that frames carry. */
export type StreamRecord =
  | { readonly type: 'Message'; readonly bytes: Uint8Array }
  | { readonly type: 'Taken' }
  | { readonly type: 'Ending'; readonly code: ErrorCode; readonly reason: Reason; readonly message: string };

const codes: Readonly<Record<ErrorCode, true>> = {
  InvalidInput: true,
  NotFound: true,
  Conflict: true,
  Unauthenticated: true,
  PermissionDenied: true,
  FailedPrecondition: true,
  ResourceExhausted: true,
  Unavailable: true,
  DeadlineExceeded: true,
  Aborted: true,
  DataLoss: true,
  Internal: true,
};

/**
 * Frames and records of the stream over NATS as bytes. Reading throws InvalidInput for all that is unknown. Nearly all of
 * them are one field of bytes behind a few others: those are written and read by `bytesField.ts`.
 */
export const natsCodec = {
  writeFrame(frame: Frame): Uint8Array {
    if (frame.type === 'Data') {
      const { sequence, data } = frame;
      return writeBytesField({ number: 3, bytes: data, before: { number: 1, value: sequence } });
    }
    const sequence = countTo(frame.sequence, 'Frame.sequence');
    return toBinary(FrameSchema, create(FrameSchema, { sequence, body: frameTo(frame) }));
  },

  readFrame(bytes: Uint8Array): Frame {
    const data = readBytesField(bytes, { number: 3, before: 1 });
    if (data?.before !== undefined) return { type: 'Data', sequence: data.before, data: data.bytes };
    const { sequence, body } = decoded(bytes, (within) => fromBinary(FrameSchema, within));
    return { sequence: countFrom(sequence, 'Frame.sequence'), ...frameFrom(body) };
  },

  writeRecord(record: StreamRecord): Uint8Array {
    if (record.type === 'Message') return writeBytesField({ number: 1, bytes: record.bytes });
    return toBinary(RecordSchema, create(RecordSchema, { body: recordTo(record) }));
  },

  readRecord(bytes: Uint8Array): StreamRecord {
    const message = readBytesField(bytes, { number: 1 });
    if (message) return { type: 'Message', bytes: message.bytes };
    let wire;
    try {
      wire = fromBinary(RecordSchema, bytes);
    } catch {
      throw unreadable('record', `${bytes.length} bytes that are no record`);
    }
    return recordFrom(wire.body);
  },
} as const;

type FrameInit = NonNullable<MessageInitShape<typeof FrameSchema>['body']>;
type WireFrame = ReturnType<typeof create<typeof FrameSchema>>['body'];
type RecordInit = NonNullable<MessageInitShape<typeof RecordSchema>['body']>;
type WireRecord = ReturnType<typeof create<typeof RecordSchema>>['body'];

function frameTo(frame: Exclude<FrameBody, { type: 'Data' }>): FrameInit {
  switch (frame.type) {
    case 'Open':
      return { case: 'open', value: { stream: frame.stream, window: countTo(frame.window, 'Open.window') } };
    case 'Grant':
      return { case: 'grant', value: { total: countTo(frame.total, 'Grant.total') } };
    case 'Ping':
      return { case: 'ping', value: {} };
    case 'Pong':
      return { case: 'pong', value: {} };
    case 'End':
      return { case: 'end', value: { reason: frame.reason } };
  }
}

function frameFrom(body: WireFrame): FrameBody {
  switch (body.case) {
    case 'open': {
      const { stream, window } = body.value;
      // It becomes a part of a subject: a dot or a star would name somebody else's.
      if (!/^[A-Za-z0-9]{8,32}$/.test(stream))
        throw unreadable('Open.stream', `"${stream.slice(0, 80)}" and not 8 to 32 letters and digits`);
      return { type: 'Open', stream, window: countFrom(window, 'Open.window') };
    }
    case 'data':
      return { type: 'Data', data: body.value };
    case 'grant':
      return { type: 'Grant', total: countFrom(body.value.total, 'Grant.total') };
    case 'ping':
      return { type: 'Ping' };
    case 'pong':
      return { type: 'Pong' };
    case 'end':
      return { type: 'End', reason: text(body.value.reason, { path: 'End.reason' }) };
    case undefined:
      throw unreadable('Frame.body', 'none that this version knows');
  }
}

function recordTo(record: Exclude<StreamRecord, { type: 'Message' }>): RecordInit {
  switch (record.type) {
    case 'Taken':
      return { case: 'taken', value: {} };
    case 'Ending': {
      const { code, reason, message } = record;
      return { case: 'ending', value: { code, reason, message: message.slice(0, limits.messageChars) } };
    }
  }
}

function recordFrom(body: WireRecord): StreamRecord {
  switch (body.case) {
    case 'message':
      return { type: 'Message', bytes: body.value };
    case 'taken':
      return { type: 'Taken' };
    case 'ending': {
      const { code, reason, message } = body.value;
      if (!Object.hasOwn(codes, code)) throw unreadable('Ending.code', `"${code.slice(0, 80)}"`);
      return {
        type: 'Ending',
        code: code as ErrorCode,
        reason: reasonFrom(reason, 'Ending.reason'),
        message: text(message, { path: 'Ending.message', most: limits.messageChars, empty: 'allowed' }),
      };
    }
    case undefined:
      throw unreadable('Record.body', 'none that this version knows');
  }
}
