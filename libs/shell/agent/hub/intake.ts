import { parseHead } from '@fairlead/core/bundle';
import {
  asFairleadError,
  FairleadError,
  parseJson,
  type AgentMessage,
  type BundleIndex,
  type ClusterName,
  type Digest,
  type HubMessage,
  type MessageOf,
  type SignedHead,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AgentLog } from '../log.ts';
import type { AcceptedState, AgentState } from '../state/agentState.ts';
import { createBlobIntake, type BlobIntake } from './blobs.ts';
import { mergeDesired } from './merge.ts';
import { pause } from './pause.ts';

type Desired = MessageOf<HubMessage, 'Desired'>;

/** Takes desired states in: checks, fetches what is missing, writes ahead, and only then hands over. */
export interface Intake {
  /** The newest desired state wins; one that is being fetched is given up for it. */
  desired(message: Desired, link: IntakeLink): void;
  objects(message: MessageOf<HubMessage, 'Objects'>): void;
  /** The stream ended: what came whole is kept for the next one. */
  interrupt(): void;
}

/** The way back to the hub for one stream. */
export interface IntakeLink {
  send(message: AgentMessage): Promise<void>;
  /** Says Hello again without a position, so that everything is sent. */
  askForAll(why: string): Promise<void>;
  /** Acknowledges with the session that is valid then. */
  acknowledge(state: AcceptedState, traceparent: string | undefined): Promise<void>;
}

/** What the intake reads and writes of the agent's state. */
export type IntakeState = Pick<AgentState, 'accepted' | 'has' | 'index' | 'accept'>;

/** Options of {@link createIntake}. */
export interface IntakeOptions {
  readonly cluster: ClusterName;
  readonly state: IntakeState;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** True if a key that the agent trusts signed these bytes. */
  readonly verify: (head: SignedHead) => boolean | Promise<boolean>;
  /** Called once a desired state is written. */
  readonly accepted: (state: AcceptedState, traceparent: string | undefined) => void;
  /** Called each time that one could not be written; it is tried again. */
  readonly unwritten?: (state: AcceptedState, error: FairleadError) => void;
}

/** Digests in one `Want`: 71 bytes each. */
const wantedAtATime = 1000;
/** What the hub did not have is asked for again after this. */
const askAgainMs = 5000;
/** What the API server could not take now is written again within these pauses. */
const writeAgain = { firstMs: 500, mostMs: 15_000 };

/** Makes the intake of one agent. */
export function createIntake(options: IntakeOptions): Intake {
  const blobs = createBlobIntake();
  let newest: AbortController | undefined;
  let arrived: (() => void) | undefined;
  return {
    desired(message, link) {
      // A reason of our own: the default one is an error with a stack, made for each message.
      newest?.abort('superseded');
      const turn = new AbortController();
      newest = turn;
      const fetch = (digests: readonly Digest[]): Promise<void> =>
        fetchAll({ ...options, blobs, link, signal: turn.signal, onArrival: (wake) => (arrived = wake) }, digests);
      void takeIn(options, { message, link, blobs, fetch, signal: turn.signal }).catch((thrown: unknown) => {
        const error = asFairleadError(thrown);
        if (!turn.signal.aborted) options.log.error('desired.refused', { reason: error.reason, error: error.message });
      });
    },
    objects(message) {
      try {
        blobs.take(message.blobs);
      } catch (thrown) {
        options.log.warn('objects.refused', { error: asFairleadError(thrown).message });
      }
      if (message.missing.length > 0) options.log.warn('objects.missing', { count: message.missing.length });
      arrived?.();
    },
    interrupt() {
      newest?.abort('interrupted');
      blobs.interrupt();
      arrived?.();
    },
  };
}

interface Turn {
  readonly message: Desired;
  readonly link: IntakeLink;
  readonly blobs: BlobIntake;
  readonly fetch: (digests: readonly Digest[]) => Promise<void>;
  readonly signal: AbortSignal;
}

async function takeIn(options: IntakeOptions, turn: Turn): Promise<void> {
  const { state } = options;
  const { message, link, blobs } = turn;
  // Who signed it.
  if (!(await options.verify(message.head))) throw unsigned(message.head);
  const head = parseHead(message.head.bytes);
  if (head.cluster !== options.cluster) throw notOurs(head.cluster, options.cluster);
  // What it changes.
  const verdict = mergeDesired(message, head, state.accepted);
  if (verdict.take === 'AskForAll') return link.askForAll(verdict.why);
  if (verdict.take === 'Known') {
    if (state.accepted) await link.acknowledge(state.accepted, message.traceparent);
    return;
  }
  // What it needs and is not here: indexes first, for they name the objects.
  const lacks = (digest: Digest): boolean => !state.has(digest) && !blobs.texts.has(digest);
  const indexes = [...new Set(verdict.next.entries.map(({ bundle }) => bundle))];
  await turn.fetch(indexes.filter(lacks));
  const objects = new Set<Digest>();
  for (const digest of indexes)
    for (const object of (await indexOf(state, blobs, digest)).objects) objects.add(object.digest);
  await turn.fetch([...objects].filter(lacks));
  if (turn.signal.aborted) return;
  // Written ahead of everything that it asks for.
  if (!(await written(options, { next: verdict.next, blobs, signal: turn.signal }))) return;
  blobs.texts.clear();
  options.accepted(verdict.next, message.traceparent);
  await link.acknowledge(verdict.next, message.traceparent);
}

/** Writes ahead, again and again where the API server cannot take it now; false if a newer desired state came meanwhile. */
async function written(
  { state, clock, log, unwritten }: IntakeOptions,
  { next, blobs, signal }: { next: AcceptedState; blobs: BlobIntake; signal: AbortSignal },
): Promise<boolean> {
  for (let pauseMs = writeAgain.firstMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, writeAgain.mostMs)) {
    try {
      await state.accept(next, blobs.texts);
      return true;
    } catch (thrown) {
      const error = asFairleadError(thrown);
      if (error.retry === 'never') throw error;
      log.warn('desired.unwritten', { reason: error.reason, error: error.message });
      unwritten?.(next, error);
      await pause(clock, pauseMs, signal);
    }
  }
  return false;
}

async function indexOf(state: IntakeState, blobs: BlobIntake, digest: Digest): Promise<BundleIndex> {
  const text = blobs.texts.get(digest);
  return text === undefined ? state.index(digest) : (parseJson(text) as BundleIndex);
}

interface Fetching {
  readonly blobs: BlobIntake;
  readonly link: IntakeLink;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly signal: AbortSignal;
  /** Says what to call when something arrived. */
  readonly onArrival: (wake: () => void) => void;
}

/** Asks for digests, some at a time, until all are here; ends with Aborted when a newer desired state came. */
async function fetchAll(fetching: Fetching, digests: readonly Digest[]): Promise<void> {
  for (let from = 0; from < digests.length; from += wantedAtATime) {
    let wanted = digests.slice(from, from + wantedAtATime);
    while (wanted.length > 0) {
      if (fetching.signal.aborted) throw superseded();
      await fetching.link.send({ type: 'Want', digests: wanted });
      await arrivalOf(fetching, wanted);
      wanted = wanted.filter((digest) => !fetching.blobs.texts.has(digest));
    }
  }
}

/** Waits until all are here, or until nothing new has come for so long that asking again makes sense. */
async function arrivalOf(fetching: Fetching, wanted: readonly Digest[]): Promise<void> {
  const { blobs, clock, signal } = fetching;
  for (;;) {
    const before = blobs.texts.size;
    if (signal.aborted || wanted.every((digest) => blobs.texts.has(digest))) return;
    const timedOut = await new Promise<boolean>((resolve) => {
      const cancel = clock.after(askAgainMs, () => resolve(true));
      fetching.onArrival(() => {
        cancel();
        resolve(false);
      });
    });
    if (timedOut && blobs.texts.size === before) return;
  }
}

function unsigned(head: SignedHead): FairleadError {
  return new FairleadError(
    `Cannot accept a desired state: its signature by key ${head.keyId || '(none)'} is not one that this agent trusts; enrol the cluster again if the hub's keys were lost`,
    { code: 'PermissionDenied', reason: 'SignatureInvalid' },
  );
}

function notOurs(named: ClusterName, ours: ClusterName): FairleadError {
  return new FairleadError(`Cannot accept a desired state: it is for cluster ${named}, and this is ${ours}`, {
    code: 'PermissionDenied',
    reason: 'SignatureInvalid',
    subject: { cluster: ours },
  });
}

function superseded(): FairleadError {
  return new FairleadError('Cannot go on fetching: a newer desired state came; it is fetched instead', {
    code: 'Aborted',
    reason: 'Superseded',
  });
}
