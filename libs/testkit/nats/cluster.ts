import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, removeFolderAtEnd } from '@fairlead/testkit/process';
import { writeCertificate } from './certificate.ts';
import { startNatsServer, type NatsServer, type NatsServerOptions } from './server.ts';

/** Real nats-servers with routes between them. Clients and routes speak TLS by one certificate. */
export interface NatsCluster {
  readonly servers: readonly NatsServer[];
  /** Every server, with commas in between: `tls://127.0.0.1:PORT,…`. */
  readonly urls: string;
  /** The authority of the servers' certificate. */
  readonly caFile: string;
  /** Kills them and removes their folders. Safe to call twice. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@link startNatsCluster}. */
export interface NatsClusterOptions extends Pick<NatsServerOptions, 'jetStream' | 'log'> {
  /** 3 unless told. */
  readonly servers?: number;
  /** More of the configuration of the server with this number. */
  readonly config?: (server: number) => string;
}

/** Starts a cluster; each server is ready when this is fulfilled. Throws as `startNatsServer` does. */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const { servers: count = 3, config, ...rest } = options;
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-nats-cluster-'));
  removeFolderAtEnd(folder);
  const { certFile, keyFile } = await writeCertificate(folder);
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const tls = `tls { cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${certFile}" }`;
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const clusterOf = (port: number): string =>
    `cluster { name: "fairlead-test", listen: "127.0.0.1:${port}", ${tls}, routes: [ ${routes} ] }`;
  const started = await Promise.allSettled(
    ports.map((port, n) =>
      startNatsServer({
        ...rest,
        name: `n${n}`,
        tls: { certFile, keyFile },
        config: `${clusterOf(port)}\n${config?.(n) ?? ''}`,
      }),
    ),
  );
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    servers,
    urls: servers.map(({ url }) => url).join(','),
    caFile: certFile,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
