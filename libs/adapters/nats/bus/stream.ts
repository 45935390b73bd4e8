import {
  DiscardPolicy,
  type JetStreamManager,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { namesOf, type NatsBusOptions } from './options.ts';

const duplicatesWithinMs = 120_000;

type Wanted = Pick<
  StreamConfig,
  'name' | 'subjects' | 'retention' | 'discard' | 'storage' | 'max_age' | 'max_msgs' | 'max_bytes' | 'duplicate_window'
> &
  Partial<Pick<StreamConfig, 'num_replicas'>>;

function wantedOf(options: NatsBusOptions): Wanted {
  const { stream, prefix } = namesOf(options);
  const maxAgeMs = keptMs(options);
  const { maxMessages = 50_000, maxBytes = 128 * 1024 ** 2 } = options.limits ?? {};
  const { storage = 'file', replicas } = options.limits ?? {};
  return {
    name: stream,
    subjects: [`${prefix}.*`],
    retention: RetentionPolicy.Limits,
    // Oldest first over all subjects, and no bound for one of them: a hole in the middle could not be told from quiet.
    discard: DiscardPolicy.Old,
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    max_age: nanos(maxAgeMs),
    max_msgs: maxMessages,
    max_bytes: maxBytes,
    ...(replicas !== undefined && { num_replicas: replicas }),
    duplicate_window: nanos(Math.min(maxAgeMs, duplicatesWithinMs)),
  };
}

/** The stream as it is; made where there is none. Two that make it at once make the same. Throws what the server says. */
export async function findStream(manager: JetStreamManager, options: NatsBusOptions): Promise<StreamInfo> {
  const { stream } = namesOf(options);
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
    return manager.streams.add(wantedOf(options));
  }
}

/** Gives a stream that another version made the limits of these options. Throws what the server says. */
export async function adjustStream(
  manager: JetStreamManager,
  { found, options }: { readonly found: StreamInfo; readonly options: NatsBusOptions },
): Promise<void> {
  const { name, retention: _, storage: __, ...wanted } = wantedOf(options);
  const current = found.config as unknown as Readonly<Record<string, unknown>>;
  const differs = Object.entries(wanted).some(
    ([word, value]) => JSON.stringify(current[word]) !== JSON.stringify(value),
  );
  if (differs) await manager.streams.update(name, wanted);
}

/** For how long the stream keeps a message, and so a consumer that nobody asks. */
export function keptMs({ limits }: NatsBusOptions): number {
  return limits?.maxAgeMs ?? 600_000;
}
