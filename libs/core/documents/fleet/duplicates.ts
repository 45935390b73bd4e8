import { applicationId, type FairleadError } from '@fairlead/core/model';
import { problemAt } from '../schema/check.ts';
import type { BrokenDocument, ParsedDocument } from './parse.ts';

/** Where a document stands; lines count from 1. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
}

/** The name that is unique among documents of a kind: TEAM/NAME for an Application. */
export function nameOf(document: ParsedDocument): string {
  return document.kind === 'Application' ? applicationId(document.value.spec.team, document.name) : document.name;
}

/** Where people find a document. */
export function placeOf({ file, begins }: ParsedDocument): FilePlace {
  return { file, line: begins };
}

/** Documents with one name each, and what is wrong with the others. */
export interface Sorted {
  readonly unique: readonly ParsedDocument[];
  readonly broken: readonly BrokenDocument[];
  readonly problems: readonly FairleadError[];
}

/** Of documents with one name none is used: which one is meant is not for us to guess. */
export function takeOutDuplicates(documents: readonly ParsedDocument[]): Sorted {
  const groups = Map.groupBy(documents, (document) =>
    document.kind === 'Fleet' ? 'Fleet' : `${document.kind} ${nameOf(document)}`,
  );
  const unique: ParsedDocument[] = [];
  const broken: BrokenDocument[] = [];
  const problems: FairleadError[] = [];
  for (const [what, group] of groups) {
    const [first, ...others] = group;
    if (first === undefined) continue;
    if (others.length === 0) unique.push(first);
    else broken.push(...group.map((one) => ({ ...placeOf(one), kind: one.kind, name: one.name })));
    const at = placeOf(first);
    for (const other of others) {
      const subject =
        other.kind === 'Application'
          ? { application: nameOf(other) }
          : other.kind === 'Environment'
            ? { environment: other.name }
            : {};
      problems.push(
        problemAt(other, {
          what,
          path: [],
          reason: 'DuplicateDocument',
          subject,
          text: `stands at ${at.file}:${at.line} already. Neither is used until one of them is removed.`,
        }),
      );
    }
  }
  return { unique, broken, problems };
}
