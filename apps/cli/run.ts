import { Command, CommanderError, Option } from 'commander';
import { asFairleadError } from '@fairlead/core/model';
import { cliOf } from './cli.ts';
import { commands } from './commands/list.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { failureText } from './output/failure.ts';
import { formats } from './output/print.ts';
import { paintFor } from './output/words.ts';

const about = `Ships applications to a fleet of Kubernetes clusters, one environment after another, from git.

Where it looks: a profile in $XDG_CONFIG_HOME/fairlead/config.json, which \`fairlead up\` writes; the variables
FAIRLEAD_SERVER, FAIRLEAD_TOKEN and FAIRLEAD_CA (a file) win over it. Applications are named TEAM/NAME, or NAME
where the team is \`default\`.`;

const exits = `
Exit codes: 0 done; 1 refused or failed; 2 wrong command line; 3 no such thing, or the hub cannot be reached;
4 something in the fleet is not as it should be (status --check).

First steps:
  fairlead validate                                  check a checkout of the fleet repository
  fairlead up --fleet https://git.example.com/fleet  start a hub on this machine
  fairlead cluster join dev --labels env=dev --kubeconfig ~/.kube/config
  fairlead status`;

/** Runs one command line; resolves to the exit code and never throws. */
export async function run(words: readonly string[], io: Io): Promise<number> {
  let code: number = exitCodes.ok;
  const program = new Command('fairlead');
  program
    .description(about)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(formats).default('table'))
    .option('--profile <name>', 'which hub to ask (default: FAIRLEAD_PROFILE, else `default`)')
    .option('--no-color', 'print without colours')
    .configureHelp({ showGlobalOptions: true, helpWidth: 110 })
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .showHelpAfterError('(try `fairlead help` or --help after a command)')
    .addHelpText('after', exits)
    .exitOverride();
  const cli = cliOf(io, (ended) => (code = ended));
  for (const register of commands) register(program, cli);
  try {
    await program.parseAsync(words, { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const error = asFairleadError(thrown);
    const paint = paintFor({ terminal: io.terminal, env: io.env });
    io.err(failureText(error, { paint, debug: Boolean(io.env['FAIRLEAD_DEBUG']) }));
    return exitCodeOf(error);
  }
}
