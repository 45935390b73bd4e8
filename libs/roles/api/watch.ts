import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { Bus } from '@fairlead/ports/bus';
import { eventView, type ReadPorts } from '@fairlead/shell/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { READ_PORTS } from './reads.ts';

/** Token under which Nest hands out the bus. */
export const BUS = Symbol('bus');

/** How many lines are sent before the client has taken them; then it is cut off, and comes back where it left. */
const maxBufferedBytes = 1024 * 1024;
const pageSize = 200;

/** The journal as it is written, as server-sent events. The bus rings; what is sent is read from the store. */
@Controller()
export class WatchController {
  private readonly ports: ReadPorts;
  private readonly bus: Bus;

  constructor(@Inject(READ_PORTS) ports: ReadPorts, @Inject(BUS) bus: Bus) {
    this.ports = ports;
    this.bus = bus;
  }

  @Get('/api/v1/watch')
  async watch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const from = Number(request.headers['last-event-id']);
    let afterId = Number.isSafeInteger(from) && from > 0 ? from : await this.newest();
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
    const ring = (): void => void (running = running.then(pump, pump));
    const stop = this.bus.subscribe('events', ring);
    raw.on('close', stop);
    ring();
  }

  private async newest(): Promise<number> {
    const [row] = await this.ports.store.events({ limit: 1, newestFirst: true });
    return row?.id ?? 0;
  }
}
