import { Controller, Get, Inject, Req, Res, type OnModuleDestroy } from '@nestjs/common';
import type { Bus } from '@fairlead/ports/bus';
import { eventView, type ReadPorts } from '@fairlead/shell/api';
import type { DecidedView, FleetReadView } from '@fairlead/wire/rest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOG, type Log } from '@fairlead/roles/http';
import { READ_PORTS } from './reads.ts';

/** What a watch hears. */
export interface Watched {
  readonly bus: Bus;
  /**
   * Calls back with the head when this process has read the fleet repository, or the planner says something new of it;
   * returns how to stop.
   */
  onFleet(listener: (head: string | undefined) => void): () => void;
}

/** Token under which Nest hands out {@link Watched}. */
export const WATCHED = Symbol('watched');

/** How many lines are sent before the client has taken them; then it is cut off, and comes back where it left. */
const maxBufferedBytes = 1024 * 1024;
const pageSize = 200;
/** A stream on which nothing happens says so this often: proxies shut what is idle, and clients tell a line that is cut. */
const idleMs = 20_000;

/**
 * The journal as it is written, as server-sent events. The bus rings; what is sent is read from the store. Between its
 * lines it says at which commit the fleet was read, and about which applications something was decided; that has no number, and is not
 * said again to who was away.
 */
@Controller()
export class WatchController implements OnModuleDestroy {
  private readonly ports: ReadPorts;
  private readonly watched: Watched;
  private readonly log: Log;
  private readonly open = new Set<FastifyReply['raw']>();
  private readonly idle = setInterval(() => {
    for (const raw of this.open) if (raw.writableLength === 0) raw.write(':\n\n');
  }, idleMs).unref();

  constructor(@Inject(READ_PORTS) ports: ReadPorts, @Inject(WATCHED) watched: Watched, @Inject(LOG) log: Log) {
    this.ports = ports;
    this.watched = watched;
    this.log = log;
  }

  /** A stream has no end of its own that a process which stops could wait for; clients come back where they left. */
  onModuleDestroy(): void {
    clearInterval(this.idle);
    for (const raw of this.open) raw.destroy();
  }

  @Get('/api/v1/watch')
  async watch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const newest = await this.newest();
    const from = Number(request.headers['last-event-id']);
    // A journal that begins anew counts from 1 again: whoever was further along than it is goes on from its end.
    let afterId = Number.isSafeInteger(from) && from > 0 ? Math.min(from, newest) : newest;
    reply.hijack();
    const { raw } = reply;
    // Whoever left meanwhile is not told of any more that it closed.
    if (raw.destroyed) return;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    raw.write(': fairlead\n\n');
    let running: Promise<void> = Promise.resolve();
    const pump = async (): Promise<void> => {
      for (;;) {
        const rows = await this.ports.store.events({ afterId, limit: pageSize });
        for (const row of rows) {
          raw.write(`id: ${row.id}\nevent: ${row.type}\ndata: ${JSON.stringify(eventView(row))}\n\n`);
          afterId = row.id;
        }
        if (raw.writableLength > maxBufferedBytes) raw.destroy();
        if (rows.length < pageSize || raw.destroyed) return;
      }
    };
    // A journal that cannot be read ends the stream; the client comes back where it left.
    const fail = (thrown: unknown): void => {
      if (!raw.destroyed) this.log.warn({ err: thrown }, 'a watch ended');
      raw.destroy();
    };
    const ring = (): void => void (running = running.then(pump).catch(fail));
    const stops = [this.watched.bus.subscribe('events', ring, { lost: ring }), ...tellNews(this.watched, raw)];
    const stop = (): void => {
      for (const one of stops) one();
    };
    this.open.add(raw);
    raw.on('close', () => this.open.delete(raw));
    raw.on('close', stop);
    raw.on('error', stop);
    ring();
  }

  private async newest(): Promise<number> {
    const [row] = await this.ports.store.events({ limit: 1, newestFirst: true });
    return row?.id ?? 0;
  }
}

/** Says about which applications something was decided, about any where that may have been missed; and that the fleet may be another. */
function tellNews({ bus, onFleet }: Watched, raw: FastifyReply['raw']): readonly (() => void)[] {
  const tell = (type: string, data: object): void => {
    raw.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    if (raw.writableLength > maxBufferedBytes) raw.destroy();
  };
  const decided = (applications: DecidedView['applications']): void => tell('Decided', { applications });
  return [
    bus.subscribe('decided', ({ applications }) => decided([...applications]), { lost: () => decided([]) }),
    onFleet((head) => tell('Fleet', { ...(head !== undefined && { head }) } satisfies FleetReadView)),
  ];
}
