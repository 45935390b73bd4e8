import type { NatsServerOptions } from './server.ts';

/** Where one server listens on the loopback address. */
export interface NatsPorts {
  readonly client: number;
  readonly leaf: number;
  readonly monitoring: number;
}

/** What its configuration is written from. */
export interface ConfigFacts {
  readonly ports: NatsPorts;
  readonly storeFolder: string;
}

/** Text in quotes as the server's configuration reads it (JSON's escapes are a part of its own). */
const quoted = (text: string): string => JSON.stringify(text);

function jetStreamOf({ jetStream = true }: NatsServerOptions, storeFolder: string): string[] {
  if (jetStream === false) return [];
  const { maxFileBytes, maxMemoryBytes, syncInterval } = jetStream === true ? {} : jetStream;
  return [
    'jetstream {',
    `  store_dir: ${quoted(storeFolder)}`,
    `  max_file_store: ${maxFileBytes ?? 1024 ** 3}`,
    `  max_memory_store: ${maxMemoryBytes ?? 256 * 1024 ** 2}`,
    ...(syncInterval === undefined ? [] : [`  sync_interval: ${syncInterval}`]),
    '}',
  ];
}

function tlsOf(tls: NatsServerOptions['tls']): string[] {
  if (!tls) return [];
  return [
    'tls {',
    `  cert_file: ${quoted(tls.certFile)}`,
    `  key_file: ${quoted(tls.keyFile)}`,
    ...(tls.caFile === undefined ? [] : [`  ca_file: ${quoted(tls.caFile)}`]),
    `  verify: ${tls.verify ?? false}`,
    '}',
  ];
}

/** The server's configuration file. */
export function configText(options: NatsServerOptions, facts: ConfigFacts): string {
  const { ports, storeFolder } = facts;
  const more = typeof options.config === 'function' ? options.config(ports) : options.config;
  return [
    `server_name: ${quoted(options.name ?? 'fairlead-test')}`,
    `listen: "127.0.0.1:${ports.client}"`,
    `http: "127.0.0.1:${ports.monitoring}"`,
    ...(options.leaf === true ? [`leafnodes { listen: "127.0.0.1:${ports.leaf}" }`] : []),
    ...jetStreamOf(options, storeFolder),
    ...tlsOf(options.tls),
    more ?? '',
    '',
  ].join('\n');
}
