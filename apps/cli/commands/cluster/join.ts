import { readFile, rm, writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import { resolve } from 'node:path';
import { FairleadError, isBrokerAddress, isName } from '@fairlead/core/model';
import type { Answer } from '@fairlead/wire/rest';
import type { Invocation, Register } from '../../cli.ts';
import { span } from '../../output/words.ts';
import { labelsOf, millisecondsOf, usageError } from '../../usage.ts';
import { install } from './install.ts';
import { untilConnected } from './connected.ts';

interface Options {
  readonly labels: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly profileRole: string;
  readonly image?: string;
  readonly transport: 'grpc' | 'nats';
  readonly natsAddress?: string;
  readonly natsCa?: string;
  readonly file?: string;
  readonly force?: true;
  readonly wait: boolean;
  readonly timeout: string;
}

type Join = Answer<'createJoin'>;

async function join(given: Invocation<Options>): Promise<void> {
  const {
    words: [name = ''],
    options,
    io,
  } = given;
  if (!isName(name))
    throw usageError(
      `Cannot join \`${name}\`: a cluster's name has lower-case letters, digits and dashes, at most 63.`,
      'name',
    );
  if (options.kubeconfig !== undefined && options.file !== undefined)
    throw usageError('Cannot use --file beside --kubeconfig: the manifest is applied and not written.', '--file');
  const timeoutMs = millisecondsOf(options.timeout, '--timeout');
  const labels = labelsOf(options.labels);
  const nats = await natsOf(given);
  const hub = await given.hub();
  const path = options.kubeconfig === undefined ? await reserve(given, name) : undefined;
  try {
    const made = await hub.call('createJoin', {
      body: {
        name,
        labels,
        profile: options.profileRole,
        ...(options.image === undefined ? {} : { image: options.image }),
        ...nats,
      },
    });
    if (options.kubeconfig === undefined) return await handOver(given, { made, path });
    await install(made.manifest, {
      kubeconfig: resolve(io.cwd, options.kubeconfig),
      ...(options.context === undefined ? {} : { context: options.context }),
      progress: (line) => io.err(`${name}: ${line}\n`),
    });
  } catch (thrown) {
    if (path !== undefined) await rm(path, { force: true });
    throw thrown;
  }
  if (options.wait) {
    const progress = (line: string): void => io.err(`${name}: ${line}\n`);
    const cluster = await untilConnected(hub, { name, timeoutMs, progress, signal: io.interrupted() });
    given.print.thing(cluster, () => given.print.line(`${name} is connected`));
  } else given.print.thing({ name }, () => given.print.line(`${name}: the agent is installed`));
}

/** What a stream over NATS adds to the call; nothing where it goes by gRPC. */
async function natsOf({ options, io }: Invocation<Options>): Promise<object> {
  const { transport, natsAddress, natsCa } = options;
  if (transport === 'grpc') {
    if (natsAddress === undefined && natsCa === undefined) return {};
    throw usageError('Cannot use --nats-address or --nats-ca without --transport nats.', '--transport');
  }
  if (natsAddress !== undefined && !isBrokerAddress(natsAddress))
    throw usageError(
      `Cannot use --nats-address ${natsAddress}: write nats://HOST:PORT or tls://HOST:PORT, several with commas in between.`,
      '--nats-address',
    );
  const path = natsCa === undefined ? undefined : resolve(io.cwd, natsCa);
  const natsCaPem =
    path === undefined
      ? undefined
      : await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
          throw usageError(`Cannot use --nats-ca ${path}: it cannot be read (${thrown.code}).`, '--nats-ca');
        });
  return {
    transport,
    ...(natsAddress !== undefined && { natsAddress }),
    ...(natsCaPem !== undefined && { natsCaPem }),
  };
}

/** The file is made before the token, readable by its owner only and never over another file: a token lost is a token wasted. */
async function reserve({ io, options }: Invocation<Options>, name: string): Promise<string | undefined> {
  if (options.file === '-') return undefined;
  const path = resolve(io.cwd, options.file ?? `fairlead-${name}.yaml`);
  try {
    if (options.force) await rm(path, { force: true });
    await writeFile(path, '', { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw new FairleadError(
      code === 'EEXIST'
        ? `Cannot write the manifest: ${path} exists. Name another file with --file, or write over it with --force.`
        : `Cannot write the manifest to ${path}: ${code}. Name another file with --file.`,
      { code: 'FailedPrecondition', reason: 'InvalidArgument', subject: { file: path } },
    );
  }
  return path;
}

/** The token goes into a file of mode 0600 or down a pipe, never onto the screen or into a shell's history. */
async function handOver(
  given: Invocation<Options>,
  { made, path }: { made: Join; path: string | undefined },
): Promise<void> {
  const { io, print } = given;
  const left = span(made.expiresAtMs - io.now());
  if (path === undefined) {
    io.out(made.manifest);
    io.err(`${made.name}: the token in the manifest works once, within ${left}\n`);
    return;
  }
  await writeFile(path, made.manifest, { mode: 0o600 });
  const command = `kubectl apply --server-side -f ${/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`}`;
  print.thing({ name: made.name, file: path, command, expiresAtMs: made.expiresAtMs }, () => {
    print.line(command);
    io.err(`Run this against ${made.name} within ${left}: the token in the file works once. Then delete the file.\n`);
  });
}

/** `fairlead cluster join NAME`. */
export const registerClusterJoin: Register = (program, cli) => {
  program
    .command('join <name>')
    .description('make a new member: prints one kubectl command, or with --kubeconfig installs the agent itself')
    .option('-l, --labels <k=v,...>', 'labels by which environments select it', '')
    .option('--kubeconfig <file>', 'install the agent with these credentials, from this machine')
    .option('--context <name>', "the kubeconfig's context (default: its current one)")
    .option('--profile-role <ClusterRole>', 'what `fairlead-applier` may do in the cluster', 'cluster-admin')
    .option('--image <reference>', "the agent's image")
    .addOption(
      new Option('--transport <way>', "which way the agent's stream goes").choices(['grpc', 'nats']).default('grpc'),
    )
    .option('--nats-address <url>', 'a broker nearer to the agent than the one that the hub names, such as a leaf node')
    .option('--nats-ca <file>', "the authority of that broker's certificate")
    .option('--file <path>', 'where the manifest goes; `-` for standard output (default: fairlead-NAME.yaml)')
    .option('--force', 'write over the file')
    .option('--no-wait', 'with --kubeconfig: do not wait until it is connected')
    .option('--timeout <duration>', 'how long to wait for it', '3m')
    .addHelpText(
      'after',
      `
The manifest holds a token that works once, for this name, and the hub's authority. It is written to a file that
only you can read. The agent makes its own key in the cluster; no credential of the cluster ever reaches the hub.

Examples:
  fairlead cluster join shop-0042 --labels env=prod,region=eu
  fairlead cluster join shop-0042 --labels env=prod --file - | kubectl --context shop-0042 apply --server-side -f -
  fairlead cluster join dev --labels env=dev --kubeconfig ~/.kube/config --context dev
  fairlead cluster join till-7 --labels env=shops --transport nats --nats-address tls://leaf.shop-7.example.com:4222`,
    )
    .action(cli.does<Options>(join));
};
