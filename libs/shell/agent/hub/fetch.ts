import { FairleadError, type AgentMessage, type Digest, type HubMessage, type MessageOf } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import { createBlobIntake, type BlobIntake } from './blobs.ts';

type Objects = MessageOf<HubMessage, 'Objects'>;

/** Fetches texts by digest. Throws BundleIncomplete, DigestMismatch or ClusterSilent. */
export type FetchTexts = (digests: readonly Digest[]) => Promise<ReadonlyMap<Digest, string>>;

/** Texts that are asked for beside a desired state: they are handed to whoever asked, and kept nowhere. */
export interface TextFetcher {
  fetch: FetchTexts;
  /** Takes what was asked for out of a message; the rest is the intake's. */
  take(message: Objects): Objects;
  /** The stream ended: nothing more comes. */
  end(): void;
}

/** Nothing has come for so long: it is given up, for whoever asked can ask again. */
const silentMs = 30_000;

interface Fetching {
  readonly wanted: Set<Digest>;
  readonly intake: BlobIntake;
  readonly done: PromiseWithResolvers<void>;
  cancel: () => void;
}

/** Makes the fetcher of one stream. */
export function createTextFetcher(by: {
  readonly clock: Clock;
  readonly send: (message: AgentMessage) => Promise<void>;
}): TextFetcher {
  const underway = new Set<Fetching>();
  const wait = (fetching: Fetching): void => {
    fetching.cancel();
    fetching.cancel = by.clock.after(silentMs, () => fetching.done.reject(incomplete('the hub sends nothing')));
  };
  const takeOne = (fetching: Fetching, message: Objects): void => {
    const lacking = message.missing.find((digest) => fetching.wanted.has(digest));
    if (lacking !== undefined) return fetching.done.reject(incomplete(`the hub does not give ${lacking}`));
    const blobs = message.blobs.filter(({ digest }) => fetching.wanted.has(digest));
    if (blobs.length === 0) return;
    wait(fetching);
    try {
      fetching.intake.take(blobs);
    } catch (thrown) {
      return fetching.done.reject(thrown);
    }
    if (fetching.intake.texts.size === fetching.wanted.size) fetching.done.resolve();
  };
  return {
    async fetch(digests) {
      const fetching: Fetching = {
        wanted: new Set(digests),
        intake: createBlobIntake(),
        done: Promise.withResolvers<void>(),
        cancel: () => undefined,
      };
      if (fetching.wanted.size === 0) return fetching.intake.texts;
      underway.add(fetching);
      wait(fetching);
      try {
        await Promise.all([by.send({ type: 'Want', digests: [...fetching.wanted] }), fetching.done.promise]);
        return fetching.intake.texts;
      } finally {
        fetching.cancel();
        underway.delete(fetching);
      }
    },
    take(message) {
      if (underway.size === 0) return message;
      const asked = new Set([...underway].flatMap(({ wanted }) => [...wanted]));
      for (const fetching of underway) takeOne(fetching, message);
      return {
        ...message,
        blobs: message.blobs.filter(({ digest }) => !asked.has(digest)),
        missing: message.missing.filter((digest) => !asked.has(digest)),
      };
    },
    end() {
      for (const { done } of underway) done.reject(incomplete('the stream to the hub ended'));
    },
  };
}

function incomplete(why: string): FairleadError {
  return new FairleadError(`Cannot read the bundle: ${why}; ask again`, {
    code: 'Unavailable',
    reason: 'BundleIncomplete',
    retry: 'backoff',
  });
}
