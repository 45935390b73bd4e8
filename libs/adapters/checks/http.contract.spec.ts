import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checksContract } from '@fairlead/ports/contracts/checks';
import type { CheckBehaviour } from '@fairlead/ports/checks';
import { httpChecks } from './http.ts';

checksContract('over HTTP', {
  async open() {
    const asked: string[] = [];
    let behaviour: CheckBehaviour = { status: 200, body: '' };
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (behaviour === 'Silent') return response.writeHead(200).write('…');
      if (behaviour === 'Down') return request.socket.destroy();
      const { status, body } = behaviour;
      return response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      checks: httpChecks({ allowed: [host] }),
      server: {
        origin: `http://${host}`,
        asked,
        async behave(next) {
          behaviour = next;
        },
      },
      async close() {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  },
});
