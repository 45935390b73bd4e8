import { ledgerFile, parseLedgerFile, readFleet } from '@fairlead/core/documents';
import {
  asFairleadError,
  FairleadError,
  type Application,
  type ApplicationId,
  type CommitSha,
  type ReleaseFile,
} from '@fairlead/core/model';
import type { Repository } from '@fairlead/ports/repository';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Unit } from './units.ts';

/** Documents at the commits that ledger files pin. What a commit says never changes, so it is read once. */
export interface Pinned {
  /** Throws RevisionGone where the commit holds no such definition. */
  definition(
    snapshot: FleetSnapshot,
    at: { readonly application: ApplicationId; readonly commit: CommitSha },
  ): Promise<Application>;
  /** The ledger file at a commit; undefined when it was not there or cannot be read, or the commit is gone. */
  release(
    snapshot: FleetSnapshot,
    at: { readonly unit: Unit; readonly commit: CommitSha },
  ): Promise<ReleaseFile | undefined>;
}

/** How many documents of past commits are kept. */
const keptDocuments = 2000;

/** Reads pinned documents from the repository's history. */
export function readPinned(repository: Repository): Pinned {
  const kept = new Map<string, Promise<Application | ReleaseFile | undefined>>();
  const once = <T extends Application | ReleaseFile | undefined>(key: string, read: () => Promise<T>): Promise<T> => {
    const found = kept.get(key) as Promise<T> | undefined;
    if (found !== undefined) return found;
    const reading = read();
    kept.set(key, reading);
    // A failed read is not what the commit says.
    reading.catch(() => kept.delete(key));
    if (kept.size > keptDocuments) kept.delete(kept.keys().next().value ?? '');
    return reading;
  };
  return {
    definition(snapshot, { application, commit }) {
      const current = snapshot.documents.applications.get(application);
      if (current !== undefined && snapshot.definitions.get(application)?.since === commit)
        return Promise.resolve(current);
      return once(`${application} ${commit}`, async () => {
        const files = await unlessGone(repository.files(commit, { except: snapshot.ledgerPath }), []);
        const found = readFleet(files, { ledgerPath: snapshot.ledgerPath }).applications.get(application);
        if (found !== undefined) return found;
        throw new FairleadError(
          `Cannot read the definition of ${application} at ${commit}: that commit is gone, or defines no such application. Promote a release whose definition is there.`,
          { code: 'NotFound', reason: 'RevisionGone', subject: { application } },
        );
      });
    },
    release(snapshot, { unit, commit }) {
      const { team, name, environment, key } = unit;
      const path = ledgerFile(snapshot.ledgerPath, { kind: 'Release', environment, team, name });
      const read = once(`${key} ${commit}`, async () => {
        const file = await repository.file(commit, path);
        const parsed = file && parseLedgerFile(file, { ledgerPath: snapshot.ledgerPath });
        return parsed?.kind === 'Release' ? parsed.value : undefined;
      });
      return unlessGone(read, undefined);
    },
  };
}

/** What was read, or what stands for it where the history does not hold the commit. */
async function unlessGone<T>(reading: Promise<T>, gone: T): Promise<T> {
  try {
    return await reading;
  } catch (thrown) {
    if (asFairleadError(thrown).reason === 'HistoryIncomplete') return gone;
    throw thrown;
  }
}
