import { ClientRequest, type IncomingMessage } from 'node:http';
import { isMainThread, Worker } from 'node:worker_threads';
import { openRecords, reach } from './deaths.ts';
import { nameOfPush, nameOfWrite, type Crossing } from './names.ts';

/**
 * Loaded into the hub by `node --import` ahead of its program, which knows nothing of it: stands at the two doors by which
 * effects leave the hub, and kills the process there. A write is a message to the store's thread, and done when the
 * reply comes, which is after the commit on disk. A push is a POST to `git-receive-pack`; nothing of it is sent before
 * `end`, and it is done when the server has given its whole answer.
 */

interface Call {
  readonly id: number;
  readonly call: string;
  readonly args: readonly unknown[];
}

interface Replies {
  readonly type?: string;
  readonly replies?: readonly { readonly id: number }[];
}

const records = openRecords(new URL(import.meta.url).searchParams.get('folder') ?? '');
const deaths = { records, die: () => process.kill(process.pid, 'SIGKILL') };
/** By the number of the call: what is to be called when it is done. */
const underWay = new Map<number, () => void>();

function reachWrites(message: unknown): void {
  if (!Array.isArray(message)) return;
  for (const { id, call, args } of message as readonly Call[]) {
    const name = call === 'write' ? nameOfWrite(args[0] as readonly Crossing[]) : undefined;
    if (name !== undefined) underWay.set(id, reach(deaths, name));
  }
}

function endWrites({ type, replies = [] }: Replies): void {
  if (type !== 'replies') return;
  for (const reply of replies) {
    const done = underWay.get(reply.id);
    underWay.delete(reply.id);
    // What was refused had no effect.
    if (!('error' in reply)) done?.();
  }
}

function reachPush(request: ClientRequest, body: Buffer): void {
  const done = reach(deaths, nameOfPush(body));
  request.once('response', (response: IncomingMessage) => response.prependOnceListener('end', done));
}

if (isMainThread) {
  const { postMessage, emit } = Worker.prototype;
  const { end } = ClientRequest.prototype;
  Worker.prototype.postMessage = function (this: Worker, ...said: Parameters<typeof postMessage>) {
    reachWrites(said[0]);
    Reflect.apply(postMessage, this, said);
  };
  Worker.prototype.emit = function (this: Worker, ...said: unknown[]): boolean {
    if (said[0] === 'message') endWrites(said[1] as Replies);
    return Reflect.apply(emit, this, said) as boolean;
  } as typeof emit;
  ClientRequest.prototype.end = function (this: ClientRequest, ...said: unknown[]) {
    if (this.path.endsWith('/git-receive-pack')) reachPush(this, said[0] as Buffer);
    return Reflect.apply(end, this, said) as ClientRequest;
  } as typeof end;
}
