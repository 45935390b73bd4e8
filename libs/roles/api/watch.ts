import { Controller, Get, Inject, Req, Res, type OnModuleDestroy } from '@nestjs/common';
import type { Bus } from '@fairlead/ports/bus';
import { eventView, type ReadPorts } from '@fairlead/shell/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOG, type Log } from '@fairlead/roles/http';
import { READ_PORTS } from './reads.ts';

/** Token under which Nest hands out the bus. */
export const BUS = Symbol('bus');

/** How many lines are sent before the client has taken them; then it is cut off, and comes back where it left. */
const maxBufferedBytes = 1024 * 1024;
const pageSize = 200;

/** The journal as it is written, as server-sent events. The bus rings; what is sent is read from the store. */
@Controller()
export class WatchController implements OnModuleDestroy {
  private readonly ports: ReadPorts;
  private readonly bus: Bus;
  private readonly log: Log;
  private readonly open = new Set<FastifyReply['raw']>();

  constructor(@Inject(READ_PORTS) ports: ReadPorts, @Inject(BUS) bus: Bus, @Inject(LOG) log: Log) {
    this.ports = ports;
    this.bus = bus;
    this.log = log;
  }

  /** A stream has no end of its own that a process which stops could wait for; clients come back where they left. */
  onModuleDestroy(): void {
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
    const stop = this.bus.subscribe('events', ring, { lost: ring });
    this.open.add(raw);
    raw.on('close', () => this.open.delete(raw));
    raw.on('close', stop);
    raw.on('error', stop);
    if (raw.destroyed) stop();
    else ring();
  }

  private async newest(): Promise<number> {
    const [row] = await this.ports.store.events({ limit: 1, newestFirst: true });
    return row?.id ?? 0;
  }
}
