import {
  joinFleet,
  ledgerPathOf,
  parseFile,
  readLedger,
  type FilePlace,
  type FleetDocuments,
  type FleetFile,
  type Ledger,
} from '@fairlead/core/documents';
import { place, type Placement } from '@fairlead/core/placement';

/** A checkout of a fleet repository, read whole. */
export interface Fleet {
  readonly documents: FleetDocuments;
  readonly ledger: Ledger;
  readonly ledgerPath: string;
  readonly placement: Placement;
  /** Where each Environment document stands. */
  readonly environmentAt: ReadonlyMap<string, FilePlace>;
}

/** Reads the files of a checkout as the hub reads a commit. Never throws for what they say. */
export function fleetOf(files: readonly FleetFile[]): Fleet {
  const ledgerPath = ledgerPathOf(files) ?? 'ledger';
  const parsed = files
    .filter(({ path }) => !path.startsWith(`${ledgerPath}/`))
    .map(({ path, text }) => parseFile(text, path));
  const documents = joinFleet(parsed);
  const ledger = readLedger(files, { ledgerPath });
  const placement = place({ ...documents, members: ledger.members });
  const environmentAt = new Map(
    parsed
      .flatMap((file) => file.documents)
      .filter(({ kind }) => kind === 'Environment')
      .map(({ name, file, begins }) => [name, { file, line: begins }]),
  );
  return { documents, ledger, ledgerPath, placement, environmentAt };
}

/** Throws what is wrong with a ledger file that is there and cannot be read; `file` is its path under the ledger's. */
export function usable(
  { ledger, ledgerPath }: Fleet,
  { broken, file }: { readonly broken: boolean; readonly file: string },
): void {
  const problem = ledger.problems.find(
    ({ subject }) => subject.file?.replace(/\.yml$/, '.yaml') === `${ledgerPath}/${file}`,
  );
  if (broken && problem !== undefined) throw problem;
}
