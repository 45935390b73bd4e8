import { resolve } from 'node:path';
import type { FairleadError } from '@fairlead/core/model';
import type { Invocation, Register } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { problemsOf } from '../offline/check.ts';
import { readCheckout } from '../offline/checkout.ts';
import { fleetOf } from '../offline/fleet.ts';
import { plain } from '../output/words.ts';

function asData({ message, reason, subject }: FairleadError): object {
  return { reason, message, ...subject };
}

async function validate({ words: [path = '.'], io, print }: Invocation<object>): Promise<number> {
  const fleet = fleetOf(await readCheckout(resolve(io.cwd, path)));
  const problems = problemsOf(fleet);
  const { documents, ledger } = fleet;
  const counts = {
    environments: documents.environments.size,
    applications: documents.applications.size,
    teams: documents.teams.size,
    members: ledger.members.size,
    releases: ledger.releases.size,
  };
  const { paint } = print;
  print.thing({ ok: problems.length === 0, ...counts, problems: problems.map(asData) }, () => {
    for (const { message, reason, subject } of problems) {
      const place = [subject.file, subject.line].filter((part) => part !== undefined).join(':');
      print.line(
        `${paint.bold(plain(place || path))}: ${plain(message.replace(` at ${place}: `, ': '))} ${paint.dim(`(${reason})`)}`,
      );
    }
    const totals = Object.entries(counts).map(([word, count]) => `${count} ${count === 1 ? word.slice(0, -1) : word}`);
    if (problems.length === 0) print.line(`${paint.green('valid')}: ${totals.join(', ')}`);
    else io.err(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n`);
  });
  return problems.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** `fairlead validate [PATH]`. */
export const registerValidate: Register = (program, cli) => {
  program
    .command('validate [path]')
    .description('check a checkout of the fleet repository, offline: documents, ledger, references, selectors')
    .addHelpText(
      'after',
      `
Each problem is one line, \`file:line: what is wrong, and what to do\`; any problem makes the exit code 1. Nothing
is asked of a hub, so it fits into the CI of the fleet repository.

Examples:
  fairlead validate
  fairlead validate checkout/fleet -o json`,
    )
    .action(cli.does(validate));
};
