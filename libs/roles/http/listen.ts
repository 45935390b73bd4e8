import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { DynamicModule } from '@nestjs/common';
import type { Clock } from '@fairlead/ports/clock';
import type { Authenticate } from './guard.ts';
import type { Log } from './log.ts';
import { createHttp } from './server.ts';

/** A certificate and its key, PEM. */
interface Identity {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** The one HTTPS listener of a process. */
export interface ListenOptions {
  readonly modules: readonly DynamicModule[];
  readonly authenticate: Authenticate;
  readonly log: Log;
  readonly clock: Clock;
  /** The certificate as it is now. */
  readonly server: () => Promise<Identity>;
  readonly at: { readonly host: string; readonly port: number };
  /** What others dial; where it listens unless told. */
  readonly name?: string;
  /** The folder of the built page, where this listener has one. */
  readonly page?: string;
}

/** A listener that answers. */
export interface Listening {
  /** `https://HOST:PORT`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Calls a minute from one address. */
const callsPerMinute = 6000;
/** How long calls that are under way may take when the listener closes. */
const graceMs = 5_000;
const halfDayMs = 43_200_000;

/** Answers the modules' calls; new connections see the certificate as it is, looked at twice a day. */
export async function listenHttps(options: ListenOptions): Promise<Listening> {
  const { modules, authenticate, log, at, page } = options;
  const { certificatePem, keyPem } = await options.server();
  const tls = { certPem: certificatePem, keyPem };
  const app = await createHttp({
    modules,
    authenticate,
    log,
    tls,
    callsPerMinute,
    ...(page !== undefined && { page }),
  });
  await app.listen(at.port, at.host);
  const listening = app.getHttpServer() as Server;
  const { port } = listening.address() as AddressInfo;
  const stopRotation = rotate(options, listening);
  return {
    address: `https://${hostPort(options.name ?? at.host, port)}`,
    async close() {
      stopRotation();
      const stopWaiting = options.clock.after(graceMs, () => listening.closeAllConnections());
      await app.close();
      stopWaiting();
    },
  };
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function rotate({ clock, log, server }: ListenOptions, listening: Pick<Server, 'setSecureContext'>): () => void {
  let stop = (): void => undefined;
  const arm = (): void => {
    stop = clock.after(halfDayMs, () => {
      server()
        .then(({ certificatePem, keyPem }) =>
          listening.setSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.3' }),
        )
        .catch((thrown: unknown) => log.warn({ err: thrown }, 'the certificate could not be changed'))
        .finally(arm);
    });
  };
  arm();
  return () => stop();
}
