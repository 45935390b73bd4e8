import { formatTrailers, ledgerFile, writeReleaseFile, type Trailer } from '@fairlead/core/documents';
import { dependenciesIn, type CommitSha, type Digest, type ReleaseFile } from '@fairlead/core/model';
import type { Offer } from '@fairlead/core/releases';
import { promotedFile, rolledBackFile } from '@fairlead/core/releases';
import type { Trouble } from '@fairlead/core/rollout';
import type { CommitDraft } from '@fairlead/ports/repository';
import type { UnitView } from './observe.ts';
import type { Author, PlannerPorts } from './ports.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { entryOf, gatesAt, unitOf, type Unit } from './units.ts';

/** A commit that a pass wants on the ledger, and what it is about. */
export interface LedgerDraft extends CommitDraft {
  readonly about: { readonly type: string; readonly unit?: Unit; readonly trouble: Trouble };
}

/** Where a draft starts from. */
export interface DraftGround {
  readonly repository: PlannerPorts['repository'];
  readonly snapshot: FleetSnapshot;
  readonly author: Author;
}

/** A message whose first word says what was done. */
export function commitMessage(subject: string, trailers: readonly Trailer[]): string {
  return trailers.length === 0 ? `${subject}\n` : `${subject}\n\n${formatTrailers(trailers)}\n`;
}

/** Path of a unit's ledger file. */
export function pathOfUnit(snapshot: FleetSnapshot, { environment, team, name }: Unit): string {
  return ledgerFile(snapshot.ledgerPath, { kind: 'Release', environment, team, name });
}

/** The draft that writes a unit's ledger file, keeping the comments and order of what is there. */
export async function draftFile(
  ground: DraftGround,
  {
    unit,
    file,
    subject,
    trailers,
    about,
  }: { unit: Unit; file: ReleaseFile; subject: string; trailers: readonly Trailer[]; about: LedgerDraft['about'] },
): Promise<LedgerDraft> {
  const { repository, snapshot, author } = ground;
  const path = pathOfUnit(snapshot, unit);
  const previous = await repository.file(snapshot.head, path);
  const text = writeReleaseFile(file, previous?.text);
  return { message: commitMessage(subject, trailers), files: new Map([[path, text]]), author, about };
}

/** The promotion of an offer, one commit. `over` of the rollout before it decides its fallback. */
export function draftPromotion(
  ground: DraftGround,
  { view, offer, from, reason }: { view: UnitView; offer: Offer; from: readonly string[]; reason?: string },
): Promise<LedgerDraft> {
  const { unit, file, attempt, plan } = view;
  const over = plan?.state === 'Over' && plan.memory.kind !== 'Withdrawal';
  const before = file === undefined || attempt === undefined ? {} : { before: { file, attempt, over } };
  const promoted = promotedFile(offer.release, {
    application: unit.application,
    environment: unit.environment,
    authors: offer.authors,
    ...before,
  });
  const gates = offer.gates.map(({ trailer }) => trailer).join(', ');
  const trailers: Trailer[] = [
    ['Fairlead-From', from.length === 0 ? 'sources' : from.join(', ')],
    ...(gates === '' ? [] : [['Fairlead-Gates', gates] as const]),
    ['Fairlead-Policy', ground.snapshot.head],
    ...(reason === undefined ? [] : [['Fairlead-Reason', reason] as const]),
  ];
  const { version: plain, digest } = offer.release;
  // A release that differs by its definition alone has the version of the one before it.
  const version = plain === file?.spec.version ? `${plain} (${shortDigest(digest)})` : plain;
  const trouble = { reason: 'Entered', message: `${version} enters ${unit.environment}.` } as const;
  const about = { type: 'Promoted', unit, trouble };
  return draftFile(ground, {
    unit,
    file: promoted,
    subject: `Promote ${unit.application} ${version} to ${unit.environment}`,
    trailers,
    about,
  });
}

/** Enough of a digest to tell two releases of one version apart. */
function shortDigest(digest: Digest): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 7);
}

/** The rollback to the fallback, with the bad release in `rejected`. */
export function draftRollback(
  ground: DraftGround,
  {
    unit,
    file,
    fallback,
    cause,
    message,
  }: { unit: Unit; file: ReleaseFile; fallback: ReleaseFile; cause: string; message: string },
): Promise<LedgerDraft> {
  const back = rolledBackFile(file, { fallback, reason: cause });
  const { spec: bad } = file;
  const alike = bad.version === fallback.spec.version;
  const [from, to] = [bad, fallback.spec].map(({ version, digest }) =>
    alike ? `${version} (${shortDigest(digest)})` : version,
  );
  const subject = `Rollback ${unit.application} in ${unit.environment} from ${from} to ${to}`;
  const about = { type: 'RolledBack', unit, trouble: { reason: 'RolledBack', message } } as const;
  return draftFile(ground, { unit, file: back, subject, trailers: [['Fairlead-Reason', message]], about });
}

/** The commit that writes a halt down. */
export function draftHalt(
  ground: DraftGround,
  { unit, file, attempt, halt }: { unit: Unit; file: ReleaseFile; attempt: CommitSha; halt: Trouble },
): Promise<LedgerDraft> {
  const halted: ReleaseFile = { ...file, spec: { ...file.spec, halted: { attempt, reason: halt.reason } } };
  const subject = `Halt ${unit.application} ${file.spec.version} in ${unit.environment}`;
  const about = { type: 'Halted', unit, trouble: halt };
  return draftFile(ground, { unit, file: halted, subject, trailers: [['Fairlead-Reason', halt.message]], about });
}

/** The deletion of a ledger file, because of a commit that took the application or its pipeline entry away. */
export function draftRemoval(ground: DraftGround, { unit, cause }: { unit: Unit; cause: CommitSha }): LedgerDraft {
  const trouble = {
    reason: 'Withdrawn',
    message: `${unit.application} leaves ${unit.environment} by ${cause}.`,
  } as const;
  return {
    message: commitMessage(`Withdraw ${unit.application} from ${unit.environment}`, [
      ['Fairlead-Reason', `withdrawn by ${cause}`],
    ]),
    files: new Map([[pathOfUnit(ground.snapshot, unit), null]]),
    author: ground.author,
    about: { type: 'Withdrawn', unit, trouble },
  };
}

/**
 * The drafts of one push without promotions whose gates wait for an application that another draft moves in the same
 * environment: its health was that of what it ran before. They are decided again when that one is pushed.
 */
export function oneAfterTheOther(snapshot: FleetSnapshot, drafts: readonly LedgerDraft[]): readonly LedgerDraft[] {
  const moving = new Set(drafts.map(({ about }) => about.unit?.key));
  return drafts.filter(({ about: { type, unit } }) => {
    const entry = unit && entryOf(snapshot, unit);
    if (type !== 'Promoted' || unit === undefined || entry === undefined) return true;
    const needed = dependenciesIn(gatesAt(snapshot, { unit, entry }));
    return !needed.some((application) => moving.has(unitOf(application, unit.environment).key));
  });
}
