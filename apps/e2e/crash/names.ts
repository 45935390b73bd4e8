import { inflateSync } from 'node:zlib';

/** A change of the store as it crosses to the store's thread, as far as its name goes. */
export interface Crossing {
  readonly put?: string;
  readonly drop?: string;
  readonly key?: string;
  readonly value?: { readonly state?: string; readonly waves?: readonly { name: string; state: string }[] };
  readonly row?: Readonly<Record<string, unknown>>;
}

/**
 * Writes that have no name, as no rollout causes them: what agents say of themselves (contact, status and the bell of
 * it), the taking down of doorbells that were rung, and the planner's own heartbeat.
 */
const nameless = /^(put contact|put status|put outbox statuses|drop outbox|put fact leader)$/;
/** What always comes along with something that has a better name. */
const along = /^put (head|blob|outbox \w+|fact (record|rollout|standings|trace|walk:named):?.*)$/;

/** What a batch does, in words that are the same in every walk; undefined where no rollout causes it. */
export function nameOfWrite(changes: readonly Crossing[]): string | undefined {
  const names = [...new Set(changes.map(nameOfChange))].filter((name) => !nameless.test(name)).sort();
  const telling = [
    names.filter((name) => !along.test(name) && !/^(decided|put event Entry) /.test(name)),
    names.filter((name) => name.startsWith('put event Entry ')),
    names.filter((name) => name.startsWith('decided ')),
    names,
  ].find(({ length }) => length > 0);
  return telling?.join(' + ').replaceAll('put event ', '').replaceAll('put fact ', 'fact ');
}

function nameOfChange(change: Crossing): string {
  const { put, key = '', row = {} } = change;
  if (put === 'assignment') return words('assign', row['environment'], row['wave'], row['cluster']);
  if (put === 'event') return words('put event', row['type'], row['environment']);
  if (put === 'outbox') return words('put outbox', row['subject']);
  if (put === 'fact' && key.startsWith('decision:')) return nameOfDecision(change);
  // A key of content, such as the one of a bundle, is another one in each walk.
  return words(put === undefined ? `drop ${change.drop}` : `put ${put}`, key.replace(/:(sha256:)?[0-9a-f]{16,}$/, ''));
}

function nameOfDecision({ key = '', value }: Crossing): string {
  const waves = (value?.waves ?? []).map(({ name, state }) => `${name} ${state}`);
  return words('decided', key.slice('decision:'.length), value?.state, ...waves);
}

function words(...all: readonly unknown[]): string {
  return all.filter((word) => word !== undefined && word !== '').join(' ');
}

/** Type of a commit in a pack. */
const commitType = 1;
/** A push of the hub is a commit or a few, with their trees. */
const mostObjects = 1000;

/** Subjects of the commits in the body of a push, without the releases' digests. */
export function nameOfPush(body: Buffer): string {
  const subjects: string[] = [];
  let at = body.indexOf('PACK') + 12;
  const objects = Math.min(body.readUInt32BE(at - 4), mostObjects);
  for (let n = 0; n < objects; n += 1) {
    const type = ((body[at] ?? 0) >> 4) & 7;
    while ((body[at] ?? 0) & 0x80) at += 1;
    const { text, length } = inflated(body.subarray(at + 1));
    at += 1 + length;
    if (type === commitType) subjects.push(text.split('\n\n')[1]?.split('\n')[0] ?? '');
  }
  return `push ${subjects.join(' + ')}`.replaceAll(/ [0-9a-f]{12}\b/g, '');
}

/** The stream that begins here, and how many bytes of the pack it takes. */
function inflated(bytes: Buffer): { text: string; length: number } {
  const { buffer, engine } = inflateSync(bytes, { info: true }) as unknown as {
    readonly buffer: Buffer;
    readonly engine: { readonly bytesWritten: number };
  };
  return { text: buffer.toString('utf8'), length: engine.bytesWritten };
}
