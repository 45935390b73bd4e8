import { gonePin, ledgerFile, splitReleaseKey, type Ledger, type Pin } from '@fairlead/core/documents';
import { asFairleadError, type CommitSha, type FairleadError } from '@fairlead/core/model';
import type { Repository } from '@fairlead/ports/repository';

/** How many commits are remembered to be there. */
const mostKnown = 100_000;

/** Tells which commits that a ledger's release files pin are not in the history; a commit that is there is asked for once. */
export function findGonePins(
  repository: Pick<Repository, 'file'>,
): (ledger: Ledger, at: { readonly head: CommitSha; readonly ledgerPath: string }) => Promise<FairleadError[]> {
  const known = new Set<CommitSha>();
  const isHere = async (commit: CommitSha, path: string): Promise<boolean> => {
    if (known.has(commit)) return true;
    if (!(await holds(repository, { commit, path }))) return false;
    if (known.size >= mostKnown) known.clear();
    known.add(commit);
    return true;
  };
  return async (ledger, { head, ledgerPath }) => {
    const found: FairleadError[] = [];
    for (const [key, { spec }] of ledger.releases) {
      const slot = splitReleaseKey(key);
      const path = ledgerFile(ledgerPath, slot);
      const pins: readonly Pin[] = [
        { field: 'definition', commit: spec.definition.commit },
        ...(spec.fallback === undefined ? [] : [{ field: 'fallback', commit: spec.fallback } as const]),
      ];
      for (const pin of pins) {
        if (await isHere(pin.commit, path)) continue;
        const file = await repository.file(head, path);
        found.push(gonePin({ path, text: file?.text ?? '' }, { slot, pin }));
      }
    }
    return found;
  };
}

async function holds(
  repository: Pick<Repository, 'file'>,
  { commit, path }: { commit: CommitSha; path: string },
): Promise<boolean> {
  try {
    await repository.file(commit, path);
    return true;
  } catch (thrown) {
    if (asFairleadError(thrown).reason === 'HistoryIncomplete') return false;
    throw thrown;
  }
}
