import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FairleadError } from '@fairlead/core/model';
import type { Invocation, Register } from '../cli.ts';
import { profileName, saveProfile } from '../hub/profile.ts';
import type { Io } from '../io.ts';
import { tools } from '../offline/tools.ts';
import { goModules, hubMain } from '../places.ts';
import { hubArguments, type HubFlags } from '../process/flags.ts';
import { startHub, type Ready } from '../process/hub.ts';
import { matters } from '../process/lastWords.ts';
import { plain } from '../output/words.ts';
import { addressOf, millisecondsOf, repeated, usageError } from '../usage.ts';

/** The command line of `fairlead up`. */
export interface UpOptions {
  readonly fleet: string;
  readonly branch: string;
  readonly data?: string;
  readonly listen: string;
  readonly grpcListen: string;
  readonly poll: string;
  readonly name: readonly string[];
  readonly gitCa?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly forge?: string;
  readonly verbose?: true;
}

/** The flags that need nothing but the command line; checked before anything is built or started. */
async function flagsOf(given: Invocation<UpOptions>): Promise<Omit<HubFlags, 'tools'>> {
  const { options, io } = given;
  const url = URL.canParse(options.fleet) ? new URL(options.fleet) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw usageError('Cannot use --fleet: it is no http or https URL of a git repository.', '--fleet');
  if (url.username !== '' || url.password !== '')
    throw usageError(
      'Cannot use --fleet: the URL holds credentials, which every user of this machine could read. Use --username and --password-file.',
      '--fleet',
    );
  const passwordFile = await fileOf(options.passwordFile, { cwd: io.cwd, option: '--password-file' });
  const gitCa = await fileOf(options.gitCa, { cwd: io.cwd, option: '--git-ca' });
  const { forge } = options;
  if (forge !== undefined && forge !== 'github')
    throw usageError(`Cannot use --forge ${forge}: it is one of github.`, '--forge');
  if (forge !== undefined && passwordFile === undefined)
    throw usageError('Cannot use --forge: it opens pull requests with the token of --password-file.', '--forge');
  const pollMs = millisecondsOf(options.poll, '--poll');
  if (pollMs < 1000) throw usageError(`Cannot use --poll ${options.poll}: at least 1s.`, '--poll');
  return {
    fleet: options.fleet,
    branch: options.branch,
    data: options.data === undefined ? dataFolder(given) : resolve(io.cwd, options.data),
    listen: addressOf(options.listen, '--listen'),
    grpc: addressOf(options.grpcListen, '--grpc-listen'),
    pollMs,
    names: options.name,
    ...(gitCa === undefined ? {} : { gitCa }),
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(forge === undefined ? {} : { forge }),
  };
}

/** The absolute path of a file that an option names; it must be there and readable. */
async function fileOf(
  path: string | undefined,
  { cwd, option }: { readonly cwd: string; readonly option: string },
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const whole = resolve(cwd, path);
  await access(whole, constants.R_OK).catch((thrown: NodeJS.ErrnoException) => {
    throw usageError(`Cannot use ${option} ${whole}: it cannot be read (${thrown.code}).`, option);
  });
  return whole;
}

/** One folder for each profile: two hubs must not share one. */
function dataFolder({ io, options }: Invocation<UpOptions>): string {
  const base = io.env['XDG_DATA_HOME'] || join(io.home, '.local', 'share');
  return join(base, 'fairlead', profileName(options.profile, io));
}

/** Both renderers, or what is missing said in words: an application that needs it is then Held, and the others go on. */
async function findTools(io: Io): Promise<HubFlags['tools']> {
  const tool = tools({ log: (line) => io.err(`${line}\n`), modules: goModules });
  const found: HubFlags['tools'][number][] = [];
  for (const name of ['kustomize', 'helm'] as const) {
    try {
      found.push({ name, ...(await tool(name)) });
    } catch (thrown) {
      io.err(`warning: the hub starts without ${name}: ${(thrown as Error).message}\n`);
    }
  }
  return found;
}

/** Writes the profile by which the other commands find this hub. */
async function introduce(
  given: Invocation<UpOptions>,
  { ready, data }: { ready: Ready; data: string },
): Promise<string> {
  const { io, options } = given;
  const read = async (name: string): Promise<string> => {
    const path = join(data, name);
    return readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
      throw new FairleadError(
        `Cannot write the profile: ${path} cannot be read (${thrown.code}). The hub makes it at its first start; give it another --data folder.`,
        { code: 'FailedPrecondition', reason: 'InternalError', subject: { file: path } },
      );
    });
  };
  const [caPem, token] = await Promise.all([read('ca.pem'), read('admin-token')]);
  const name = profileName(options.profile, io);
  await saveProfile(io, name, { server: ready.api, caPem, token: token.trim() });
  return name;
}

function greet({ print, io }: Invocation<UpOptions>, up: { ready: Ready; profile: string; fleet: string }): void {
  const { ready, profile, fleet } = up;
  if (print.data) return io.out(`${JSON.stringify({ ...ready, profile })}\n`);
  const { paint } = print;
  print.line(`${paint.green('up')}: the hub of ${plain(fleet)} answers at ${paint.bold(ready.api)}`);
  print.line(`  agents dial ${ready.grpc}; its data is in ${ready.dataDir}; profile \`${profile}\` names it`);
  print.line('  next: fairlead cluster join NAME --labels env=dev --kubeconfig FILE');
  print.line('        fairlead status');
  print.line('  Ctrl-C stops it; what it was given to do is in git, and it goes on from there');
}

/** Runs the hub, whose bundle `findMain` finds, until it is interrupted or dies; what `fairlead up` does. */
export async function up(given: Invocation<UpOptions>, findMain: () => string): Promise<void> {
  const { io, options } = given;
  const flags = await flagsOf(given);
  const main = findMain();
  await mkdir(flags.data, { recursive: true, mode: 0o700 });
  const found = await findTools(io);
  const stop = io.interrupted();
  const hub = startHub({
    main,
    args: hubArguments({ ...flags, tools: found }),
    env: io.env,
    log(line) {
      if (options.verbose || matters(line)) io.err(`hub: ${plain(line.text)}\n`);
    },
  });
  const interrupted = new Promise<'interrupted'>((tell) => {
    if (stop.aborted) tell('interrupted');
    stop.addEventListener('abort', () => tell('interrupted'), { once: true });
  });
  try {
    io.err('starting the hub\n');
    const ready = await Promise.race([hub.ready, interrupted]);
    if (ready !== 'interrupted') {
      const profile = await introduce(given, { ready, data: flags.data });
      greet(given, { ready, profile, fleet: flags.fleet });
      const end = await Promise.race([hub.ended, interrupted]);
      if (end instanceof FairleadError) throw end;
    }
    io.err('stopping the hub\n');
  } finally {
    hub.ready.catch(() => undefined); // told already, or of no interest any more
    await hub.stop();
  }
}

/** `fairlead up --fleet URL`. */
export const registerUp: Register = (program, cli) => {
  program
    .command('up')
    .description('start a hub on this machine, over a data folder, until Ctrl-C')
    .requiredOption('--fleet <url>', 'the fleet repository, over http or https')
    .option('--branch <name>', 'its branch', 'main')
    .option('--data <dir>', 'where the hub keeps its store and keys (default: $XDG_DATA_HOME/fairlead/PROFILE)')
    .option('--listen <host:port>', 'where API and webhook answer', '127.0.0.1:8443')
    .option('--grpc-listen <host:port>', 'where agents dial in', '127.0.0.1:8444')
    .option('--poll <duration>', 'how often git is asked where no webhook tells', '5s')
    .option('--name <host>', 'another name or address of this hub (repeatable)', repeated, [])
    .option('--git-ca <file>', "an authority for git servers' certificates")
    .option('--username <name>', 'for the fleet repository')
    .option('--password-file <path>', 'a file with the password or token for it')
    .option('--forge <kind>', 'where promotions are asked for by pull requests: github')
    .option('--verbose', "show the hub's whole log")
    .addHelpText(
      'after',
      `
The first start makes the hub's keys and an administrator's token in the data folder, and looks for kustomize and
helm: on the machine, as a download with its checksum, else built with Go (a few minutes, once). The profile that
it writes lets the other commands find it.

Examples:
  fairlead up --fleet https://git.example.com/fleet
  fairlead up --fleet https://git.example.com/fleet --username bot --password-file ~/.fleet-token
  fairlead --profile lab up --fleet http://127.0.0.1:8080/fleet.git --listen 127.0.0.1:9443 --grpc-listen 127.0.0.1:9444`,
    )
    .action(cli.does<UpOptions>((given) => up(given, hubMain)));
};
