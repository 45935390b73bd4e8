/** The closed list of what a person can acknowledge by a commit. */
export const acknowledgements = ['Removal', 'Protected', 'Selector', 'Rewrite'] as const;

/** `Fairlead-Acknowledge: KIND SUBJECT`. */
export interface Acknowledgement {
  readonly kind: (typeof acknowledgements)[number];
  /** COMMIT, `ENVIRONMENT/TEAM/NAME GROUP/KIND/NAMESPACE/NAME`, ENVIRONMENT or OLDHEAD, as the kind has it. */
  readonly subject: string;
}

/** The closed list of what a person can say of one candidate at the door of one environment. */
const words = ['Approve', 'Resume'] as const;

/** `Fairlead-Approve: ENVIRONMENT/TEAM/NAME CANDIDATE`, or `Fairlead-Resume`: it counts for that candidate only. */
export interface Word {
  readonly kind: (typeof words)[number];
  /** ENVIRONMENT/TEAM/NAME. */
  readonly unit: string;
  /** The release's digest, its definition's commit and `SOURCE=REVISION` of each source, by name. */
  readonly candidate: string;
}

/** Token and value. */
export type Trailer = readonly [string, string];

const form = /^([A-Za-z0-9][A-Za-z0-9-]*):[ \t]*(.*)$/;
const token = 'Fairlead-Acknowledge';

/** Trailers as the last paragraph of a commit message; line breaks in a value are folded as git folds them. */
export function formatTrailers(trailers: readonly Trailer[]): string {
  return trailers.map(([key, value]) => `${key}: ${value.trim().replaceAll(/\s*\n\s*/g, '\n  ')}`).join('\n');
}

/** Trailers of a message's last paragraph, in order, folded lines joined by a space; none unless every line is one. */
export function parseTrailers(message: string): Trailer[] {
  const paragraphs = message
    .replaceAll('\r\n', '\n')
    .trimEnd()
    .split(/\n[ \t]*\n/);
  // A message of one paragraph is a subject, whatever it looks like.
  if (paragraphs.length < 2) return [];
  const found: [string, string][] = [];
  for (const line of (paragraphs.at(-1) ?? '').split('\n')) {
    const last = found.at(-1);
    const [, key, value] = form.exec(line) ?? [];
    if (/^\s/.test(line) && last !== undefined) last[1] = `${last[1]} ${line.trim()}`.trim();
    else if (key !== undefined) found.push([key, (value ?? '').trim()]);
    else return [];
  }
  return found;
}

const subjects: Readonly<Record<Acknowledgement['kind'], RegExp>> = {
  Removal: /^[0-9a-f]{40}$/,
  Protected: /^[^/\s]+\/[^/\s]+\/[^/\s]+ [^/\s]*\/[^/\s]+\/[^/\s]*\/[^/\s]+$/,
  Selector: /^[^/\s]+$/,
  Rewrite: /^[0-9a-f]{40}$/,
};

/** What a commit acknowledges, by its message or its trailers. What is not of the form is no acknowledgement. */
export function parseAcknowledgements(message: string | readonly Trailer[]): Acknowledgement[] {
  const trailers = typeof message === 'string' ? parseTrailers(message) : message;
  return trailers.flatMap(([key, value]): Acknowledgement[] => {
    if (key.toLowerCase() !== token.toLowerCase()) return [];
    const [word = '', ...rest] = value.split(/\s+/);
    const kind = acknowledgements.find((one) => one === word);
    const subject = rest.join(' ');
    return kind !== undefined && subjects[kind].test(subject) ? [{ kind, subject }] : [];
  });
}

/** The trailer of an acknowledgement. */
export function acknowledgementTrailer({ kind, subject }: Acknowledgement): Trailer {
  return [token, `${kind} ${subject}`];
}

const wordForm = /^([^/\s]+\/[^/\s]+\/[^/\s]+) (sha256:[0-9a-f]{64} [0-9a-f]{40}(?: [^\s=]+=\S+)*)$/;

/** What a commit says of candidates. What is not of the form says nothing. */
export function parseWords(trailers: readonly Trailer[]): Word[] {
  return trailers.flatMap(([key, value]): Word[] => {
    const kind = words.find((one) => key.toLowerCase() === `fairlead-${one.toLowerCase()}`);
    const [, unit, candidate] = wordForm.exec(value.replaceAll(/\s+/g, ' ')) ?? [];
    return kind === undefined || unit === undefined || candidate === undefined ? [] : [{ kind, unit, candidate }];
  });
}

/** The trailer of a word. */
export function wordTrailer({ kind, unit, candidate }: Word): Trailer {
  return [`Fairlead-${kind}`, `${unit} ${candidate}`];
}

/** A person, as git names them. */
export interface Signature {
  readonly name: string;
  readonly email: string;
}
