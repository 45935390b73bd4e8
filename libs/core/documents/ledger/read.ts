import {
  asFairleadError,
  FairleadError,
  hub,
  member,
  release,
  type CommitSha,
  type HubFile,
  type Member,
  type ReleaseFile,
} from '@fairlead/core/model';
import { checkValue, problemAt, type DocumentPlace, type DocumentSchema, type Problem } from '../schema/check.ts';
import { checkLength, readChunk, splitDocuments } from '../yaml/read.ts';

/** What a path under the ledger's folder is for. */
export type LedgerSlot =
  | { readonly kind: 'Release'; readonly environment: string; readonly team: string; readonly name: string }
  | { readonly kind: 'Member'; readonly name: string }
  | { readonly kind: 'Hub' };

/** One ledger file: its document, or why it cannot be used. A pure function of path and text. */
export type ParsedLedgerFile = {
  readonly path: string;
  readonly slot?: LedgerSlot;
  readonly problems: readonly FairleadError[];
} & (
  | { readonly kind: 'Release'; readonly value: ReleaseFile }
  | { readonly kind: 'Member'; readonly value: Member }
  | { readonly kind: 'Hub'; readonly value: HubFile }
  | { readonly kind?: undefined }
);

/** The ledger as one whole. */
export interface Ledger {
  /** By ENVIRONMENT/TEAM/APPLICATION. */
  readonly releases: ReadonlyMap<string, ReleaseFile>;
  readonly members: ReadonlyMap<string, Member>;
  /** 0 while there is no hub file; undefined while there is one that cannot be read, and then nothing may be given out. */
  readonly epoch: number | undefined;
  /** Keys of `releases` whose file is there and cannot be used: the last good state stays. */
  readonly brokenReleases: ReadonlySet<string>;
  /** Names of members whose file is there and cannot be used. */
  readonly brokenMembers: ReadonlySet<string>;
  readonly problems: readonly FairleadError[];
}

/** `ledger/prod/web/podinfo.yaml` for a release, `ledger/clusters/NAME.yaml` for a member, `ledger/hub.yaml` for the hub. */
export function ledgerFile(ledgerPath: string, slot: LedgerSlot): string {
  if (slot.kind === 'Hub') return `${ledgerPath}/hub.yaml`;
  return slot.kind === 'Member'
    ? `${ledgerPath}/clusters/${slot.name}.yaml`
    : `${ledgerPath}/${slot.environment}/${slot.team}/${slot.name}.yaml`;
}

/** ENVIRONMENT/TEAM/APPLICATION, the key of a release file. */
export function releaseKey(slot: {
  readonly environment: string;
  readonly team: string;
  readonly name: string;
}): string {
  return `${slot.environment}/${slot.team}/${slot.name}`;
}

/** What a key of {@link releaseKey} is made of. */
export function splitReleaseKey(key: string): Extract<LedgerSlot, { kind: 'Release' }> {
  const [environment = '', team = '', name = ''] = key.split('/');
  return { kind: 'Release', environment, team, name };
}

/** A commit that a release file names. */
export interface Pin {
  readonly field: 'definition' | 'fallback';
  readonly commit: CommitSha;
}

const pinRemedies: Readonly<Record<Pin['field'], string>> = {
  definition: 'Promote a release anew, or name a commit that holds the definition; until then what clusters run stays.',
  fallback: 'Name another commit of this file, or take the field out; until then a rollback only halts.',
};

/** The error of a release file that names a commit which the history does not hold. */
export function gonePin(
  file: { readonly path: string; readonly text: string },
  { slot, pin }: { slot: LedgerSlot; pin: Pin },
): FairleadError {
  const path = pin.field === 'definition' ? ['spec', 'definition', 'commit'] : ['spec', 'fallback'];
  const text = `names ${pin.commit}, which is not in the history of the branch. ${pinRemedies[pin.field]}`;
  const place: DocumentPlace = { file: file.path, line: 1, text: file.text };
  return problemAt(place, { what: nameOfSlot(slot), path, text, reason: 'RevisionGone', subject: subjectOf(slot) });
}

/** What a path under the ledger's folder is for; undefined where it is for nothing. The other way round than {@link ledgerFile}. */
export function ledgerSlot(ledgerPath: string, path: string): LedgerSlot | undefined {
  const parts = path
    .slice(ledgerPath.length + 1)
    .replace(/\.ya?ml$/, '')
    .split('/');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1 && first === 'hub') return { kind: 'Hub' };
  if (parts.length === 2 && first === 'clusters') return { kind: 'Member', name: second };
  return parts.length === 3 ? { kind: 'Release', environment: first, team: second, name: third } : undefined;
}

function nameOfSlot(slot: LedgerSlot): string {
  if (slot.kind === 'Hub') return 'Hub';
  return slot.kind === 'Member' ? `Member ${slot.name}` : `Release ${releaseKey(slot)}`;
}

function subjectOf(slot: LedgerSlot) {
  if (slot.kind === 'Member') return { cluster: slot.name };
  return slot.kind === 'Release' ? { environment: slot.environment, application: `${slot.team}/${slot.name}` } : {};
}

const schemas: {
  readonly Release: DocumentSchema<ReleaseFile>;
  readonly Member: DocumentSchema<Member>;
  readonly Hub: DocumentSchema<HubFile>;
} = { Release: release, Member: member, Hub: hub };

/** Fields of metadata that must say what the path says. */
function disagreement(
  slot: LedgerSlot,
  value: ReleaseFile | Member | HubFile,
): Pick<Problem, 'path' | 'text'> | undefined {
  if (slot.kind === 'Hub') return undefined;
  const { kind: _kind, ...wanted } = slot;
  for (const [field, name] of Object.entries(wanted)) {
    const found = (value.metadata as Record<string, string>)[field];
    if (found !== name)
      return {
        path: ['metadata', field],
        text: `is ${found ?? 'missing'}, and the file's path says ${name}. Path and metadata must agree: rename one.`,
      };
  }
  return undefined;
}

/** Reads one file under the ledger's path. Never throws for what the text says. */
export function parseLedgerFile(
  file: { readonly path: string; readonly text: string },
  options: { readonly ledgerPath: string },
): ParsedLedgerFile {
  const { path, text } = file;
  const slot = ledgerSlot(options.ledgerPath, path);
  const place: DocumentPlace = { file: path, line: 1, text };
  if (slot === undefined) {
    const message = `Cannot use ${path}: it is neither ENVIRONMENT/TEAM/APPLICATION.yaml, clusters/NAME.yaml nor hub.yaml. Everything under ${options.ledgerPath}/ is read as ledger; move other files elsewhere.`;
    return {
      path,
      problems: [
        new FairleadError(message, { code: 'InvalidInput', reason: 'InvalidDocument', subject: { file: path } }),
      ],
    };
  }
  const what = nameOfSlot(slot);
  const subject = subjectOf(slot);
  try {
    checkLength(text, { file: path, reason: 'InvalidDocument' });
    const values = splitDocuments(text)
      .flatMap((chunk) => readChunk(chunk, { file: path, reason: 'InvalidDocument' }))
      .filter((value) => value !== null && value !== undefined);
    if (values.length !== 1)
      return {
        path,
        slot,
        problems: [
          problemAt(place, {
            what,
            subject,
            path: [],
            text: `holds ${values.length} documents, and a ledger file holds one. Correct the file.`,
          }),
        ],
      };
    const checked = checkValue<ReleaseFile | Member | HubFile>(values[0], {
      schema: schemas[slot.kind],
      place,
      what,
      subject,
    });
    if (checked.value === undefined) return { path, slot, problems: checked.problems };
    const wrong = disagreement(slot, checked.value);
    if (wrong !== undefined) return { path, slot, problems: [problemAt(place, { what, subject, ...wrong })] };
    return { path, slot, kind: slot.kind, value: checked.value, problems: [] } as ParsedLedgerFile;
  } catch (thrown) {
    return { path, slot, problems: [asFairleadError(thrown)] };
  }
}

/** Joins the files of the ledger into one. Pure: the order of the files does not matter. */
export function joinLedger(files: readonly ParsedLedgerFile[]): Ledger {
  const releases = new Map<string, ReleaseFile>();
  const members = new Map<string, Member>();
  const brokenReleases = new Set<string>();
  const brokenMembers = new Set<string>();
  let epoch: number | undefined = 0;
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (file.kind === 'Release' && file.slot?.kind === 'Release') releases.set(releaseKey(file.slot), file.value);
    else if (file.kind === 'Member') members.set(file.value.metadata.name, file.value);
    else if (file.kind === 'Hub') epoch = file.value.spec.epoch;
    else if (file.slot?.kind === 'Release') brokenReleases.add(releaseKey(file.slot));
    else if (file.slot?.kind === 'Member') brokenMembers.add(file.slot.name);
    else if (file.slot?.kind === 'Hub') epoch = undefined;
  }
  return {
    releases,
    members,
    epoch,
    brokenReleases,
    brokenMembers,
    problems: files.flatMap(({ problems }) => problems),
  };
}

/** Reads the files under the ledger's path; others are passed over. */
export function readLedger(
  files: readonly { readonly path: string; readonly text: string }[],
  options: { readonly ledgerPath?: string } = {},
): Ledger {
  const { ledgerPath = 'ledger' } = options;
  return joinLedger(
    files.filter(({ path }) => path.startsWith(`${ledgerPath}/`)).map((file) => parseLedgerFile(file, { ledgerPath })),
  );
}
