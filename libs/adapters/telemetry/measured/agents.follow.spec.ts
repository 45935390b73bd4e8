import type {
  AgentMessage,
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  DesiredEntry,
  Digest,
  HubMessage,
} from '@fairlead/core/model';
import { manualClock, type ManualClock } from '@fairlead/ports/clock';
import { memoryStore, type AssignmentRow, type Store } from '@fairlead/ports/store';
import {
  memoryTransport,
  type AgentChannel,
  type HubConnection,
  type MemoryTransport,
} from '@fairlead/ports/transport';
import { startRecording, type Recording } from '@fairlead/testkit/otlp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  attemptTraces,
  followDeliveries,
  measuredListener,
  notingAttempts,
  tracedSteps,
  traceparentNow,
} from '../index.ts';

let recording: Recording;
let clock: ManualClock;
let store: Store;
let transport: MemoryTransport;
let streams: AgentChannel[];
/** What the gateway was told, and in which trace. */
let heard: { type: string; traceparent: string | undefined }[];
const attempt = 'a'.repeat(40) as CommitSha;

const entry: DesiredEntry = {
  application: 'shop/web' as ApplicationId,
  environment: 'prod',
  release: `sha256:${'1'.repeat(64)}` as Digest,
  version: '1.0.0',
  bundle: `sha256:${'2'.repeat(64)}` as Digest,
  attempt,
  team: { namespaces: [], allowKinds: [], denyKinds: [] },
  acknowledged: {},
};

beforeEach(async () => {
  recording = startRecording();
  clock = manualClock(1_000_000);
  store = memoryStore();
  transport = memoryTransport();
  streams = [];
  heard = [];
  await listen();
});

afterEach(async () => {
  await transport.listener.close();
  recording.stop();
});

async function listen(): Promise<void> {
  const parts = { clock, attempts: attemptTraces(store), deliveries: followDeliveries(clock) };
  await measuredListener(transport.listener, { ...parts, transport: 'grpc' }).listen(async (channel) => {
    streams.push(channel);
    return {
      message: async (message) => void heard.push({ type: message.type, traceparent: traceparentNow() }),
      closed: () => undefined,
    };
  });
}

/** The planner gives the entry to a cluster, in a pass. */
function plan(at = store): Promise<string | undefined> {
  const row = { cluster: 'dev-1', application: entry.application, environment: 'prod', entry } as AssignmentRow;
  return tracedSteps.run('plan', async () => {
    await notingAttempts(at, clock).write([{ put: 'assignment', row: { ...row, generation: 1, assignedAtMs: 0 } }]);
    return traceparentNow();
  });
}

async function connect(name: string): Promise<{ link: HubConnection; received: HubMessage[] }> {
  const received: HubMessage[] = [];
  const caller = { cluster: name as ClusterName, key: entry.release };
  const take = async (message: HubMessage): Promise<void> => void received.push(message);
  return { link: await transport.link(caller).connect(take, new AbortController().signal), received };
}

const desired: HubMessage = {
  type: 'Desired',
  head: { bytes: new Uint8Array(), signature: new Uint8Array(), keyId: 'k' },
  entries: [entry],
  tombstones: [],
  removed: [],
};
const position = { epoch: 1, generation: 1 };
const ack: AgentMessage = { type: 'Ack', session: 1, position, root: entry.release };

function delta(sync: ApplicationStatus['sync']): AgentMessage {
  const status = { application: entry.application, attempt, sync } as ApplicationStatus;
  const rest = { session: 1, sequence: 1, full: false, removed: [], statusDigest: entry.release };
  return { type: 'StatusDelta', changed: [status], ...rest };
}

const told = (name: string) => recording.spans().filter((span) => span.name === name);

test('a desired state carries the trace of its attempt, and what comes back belongs to it', async () => {
  const traceparent = await plan();
  const { link, received } = await connect('dev-1');
  await streams[0]?.send(desired);
  await vi.waitFor(() => expect(received).toMatchObject([{ type: 'Desired', traceparent }]));
  clock.advance(40);
  await link.send({ ...ack, ...(traceparent && { traceparent }) });
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  clock.advance(2_000);
  await link.send({ ...delta('InSync'), ...(traceparent && { traceparent }) });
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  expect(heard).toEqual([
    { type: 'Ack', traceparent },
    { type: 'StatusDelta', traceparent },
  ]);
  const [pass] = told('plan');
  const [delivery] = told('deliver');
  expect(delivery).toMatchObject({ trace: pass?.trace, parent: pass?.id, durationMs: 2_040 });
  expect(told('cluster received')).toMatchObject([{ parent: delivery?.id, durationMs: 40 }]);
  expect(told('cluster applied')).toMatchObject([{ parent: delivery?.id, durationMs: 2_000 }]);
});

test('a trace that an agent made up is not followed', async () => {
  await plan();
  const { link } = await connect('dev-1');
  await streams[0]?.send(desired);
  await link.send({ ...ack, traceparent: '00-11111111111111111111111111111111-2222222222222222-01' });
  await vi.waitFor(() => expect(heard).toEqual([{ type: 'Ack', traceparent: undefined }]));
});

test('an agent that says nothing of traces is timed all the same', async () => {
  await plan();
  const { link } = await connect('dev-1');
  await streams[0]?.send(desired);
  clock.advance(500);
  await link.send(delta('Failed'));
  await vi.waitFor(() => expect(told('cluster failed')).toHaveLength(1));
  expect(await recording.metrics()).toContain('fairlead_delivery_duration_sum{fairlead_delivery_stage="Failed"} 0.5');
});

test('a planner that was started anew goes on in the trace of the attempt', async () => {
  const first = await plan();
  const second = await plan();
  const { received } = await connect('dev-1');
  await streams[0]?.send(desired);
  await vi.waitFor(() => expect(received).toMatchObject([{ traceparent: first }]));
  expect(second).not.toBe(first);
});

test('an attempt that is hours old is not followed any more', async () => {
  await plan();
  clock.advance(3_600_001);
  const { received } = await connect('dev-1');
  await streams[0]?.send(desired);
  await vi.waitFor(() => expect(received).toHaveLength(1));
  expect(received[0]?.traceparent).toBeUndefined();
});

test('a thousand streams ask the store once', async () => {
  await plan();
  const read = vi.spyOn(store, 'fact');
  for (let index = 0; index < 1_000; index += 1) await connect(`c-${index}`);
  await Promise.all(streams.map((channel) => channel.send(desired)));
  expect(read).toHaveBeenCalledTimes(1);
});

test('a store that cannot be read holds up nothing', async () => {
  vi.spyOn(store, 'fact').mockRejectedValue(new Error('the store is away'));
  const { received } = await connect('dev-1');
  await streams[0]?.send(desired);
  await vi.waitFor(() => expect(received).toEqual([desired]));
});

test('streams and messages are counted', async () => {
  const { link } = await connect('dev-1');
  const { link: second } = await connect('dev-2');
  await link.send({ type: 'Heartbeat', session: 1, statusDigest: entry.release });
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  second.close();
  const text = await recording.metrics();
  expect(text).toContain('fairlead_agents_connected{fairlead_transport="grpc"} 1');
  expect(text).toMatch(/fairlead_agent_messages_total\{.*direction="receive".*type="Heartbeat".*\} 1/);
});
