import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Hands TCP connections out to several servers, as a Service of Kubernetes does. */
export interface Balancer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /**
   * From now on new connections go to these ports; those that are open stay where they are. Resolves when those that
   * were on their way have arrived, so that a port that is left out hears of no more.
   */
  use(ports: readonly number[]): Promise<void>;
  /** How many connections a port refused that was in turn. They went to the next one, which a Service would not do. */
  refusals(): number;
  stop(): Promise<void>;
}

/** Listens on a free port of the loopback address. A connection goes to the next port in turn that takes it. */
export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = [];
  let turn = 0;
  let refusals = 0;
  const onTheirWay = new Set<Promise<unknown>>();
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  const hand = (client: Socket, left: readonly number[]): void => {
    const [port, ...others] = left;
    if (port === undefined || client.destroyed) return void client.destroy();
    const server = connect(port, '127.0.0.1');
    keep(server);
    const refused = (): void => {
      refusals += 1;
      hand(client, others);
    };
    const arrival = once(server, 'connect').catch(() => undefined);
    onTheirWay.add(arrival);
    void arrival.then(() => onTheirWay.delete(arrival));
    server.once('error', refused);
    server.once('connect', () => {
      server.off('error', refused);
      for (const socket of [client, server]) socket.on('error', () => socket.destroy());
      client.pipe(server).pipe(client);
      client.once('close', () => server.destroy());
      server.once('close', () => client.destroy());
    });
  };
  const listener = createServer((client) => {
    keep(client);
    client.on('error', () => client.destroy());
    turn += 1;
    hand(client, [
      ...ports.slice(turn % Math.max(ports.length, 1)),
      ...ports.slice(0, turn % Math.max(ports.length, 1)),
    ]);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async use(given) {
      ports = given;
      await Promise.all(onTheirWay);
    },
    refusals: () => refusals,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
