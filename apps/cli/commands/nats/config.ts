import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setUpBroker } from '@fairlead/adapters/nats/agents';
import { busPermissions } from '@fairlead/adapters/nats/bus';
import type { Invocation, Register } from '../../cli.ts';
import { usageError } from '../../usage.ts';

interface Options {
  readonly keys: string;
  readonly accountsDir?: string;
  readonly leaf?: string;
  readonly leafCredentials: string;
  readonly leafCa?: string;
  readonly file?: string;
}

async function config({ options, io, print }: Invocation<Options>): Promise<void> {
  const { leaf: url, leafCredentials: credentialsFile, leafCa: caFile } = options;
  if (url !== undefined && !/^(nats|tls):\/\/[^\s/]+:\d{1,5}$/.test(url))
    throw usageError(
      `Cannot use --leaf ${url}: write tls://HOST:PORT or nats://HOST:PORT of the hub's broker.`,
      '--leaf',
    );
  const { accountsDir: accountsFolder } = options;
  const setup = await setUpBroker(resolve(io.cwd, options.keys), {
    bus: busPermissions(),
    ...(accountsFolder !== undefined && { accountsFolder }),
  });
  const text =
    url === undefined
      ? setup.serverConfig
      : setup.leafConfig({ url, credentialsFile, ...(caFile !== undefined && { caFile }) });
  const { credentials } = setup;
  if (options.file === undefined) io.out(text);
  else {
    const path = resolve(io.cwd, options.file);
    await writeFile(path, text, { mode: 0o644 });
    print.thing({ file: path, credentials }, () => print.line(path));
  }
  const names = {
    gateways: "the hub's gateways",
    bus: "the hub's bus",
    leaf: 'leaf nodes',
    system: "the broker's people",
  };
  for (const [name, whose] of Object.entries(names))
    io.err(`${whose}: ${credentials[name as keyof typeof credentials]}\n`);
}

/** `fairlead nats config`. */
export const registerNatsConfig: Register = (program, cli) => {
  program
    .command('config')
    .description(
      'print what a nats-server must be told of the hub and its agents; makes the keys for it the first time',
    )
    .requiredOption(
      '--keys <dir>',
      "the hub's folder of keys; files in it are made with mode 0600 and never written over",
    )
    .option(
      '--accounts-dir <dir>',
      "where each nats-server keeps the accounts as the hub last told them, such as who is revoked; needed for a cluster of servers (default: in the server's memory)",
    )
    .option('--leaf <url>', "for a leaf node near the agents instead: the hub's broker, at its port for leaf nodes")
    .option('--leaf-credentials <path>', 'where that leaf node will find nats-leaf.creds', 'nats-leaf.creds')
    .option('--leaf-ca <path>', "where it will find the authority of the broker's certificate (default: the system's)")
    .option('--file <path>', 'write it there (default: standard output)')
    .addHelpText(
      'after',
      `
What is printed holds no secret: an operator, the accounts of agents and bus, and a resolver, as JWTs. Include it in
nats-server's configuration, beside where it listens. The hub needs nats-signer.json, nats-gateways.creds and
nats-revoker.json in --keys, its bus nats-bus.creds; the .seed files are needed by this command only and may be kept elsewhere.

Examples:
  fairlead nats config --keys /var/lib/fairlead --file fairlead-nats.conf
  fairlead nats config --keys /var/lib/fairlead --leaf tls://nats.example.com:7422 --file leaf.conf`,
    )
    .action(cli.does<Options>(config));
};
