import { Argument } from 'commander';
import {
  acknowledgements,
  acknowledgementTrailer,
  parseAcknowledgements,
  type Acknowledgement,
} from '@fairlead/core/documents';
import type { Register } from '../cli.ts';
import { printDone } from '../output/done.ts';
import { usageError } from '../usage.ts';

/** `fairlead acknowledge KIND SUBJECT`. */
export const registerAcknowledge: Register = (program, cli) => {
  program
    .command('acknowledge')
    .description('allow once, by a commit, what is refused by default')
    .addArgument(new Argument('<kind>', 'what kind of refusal').choices(acknowledgements))
    .argument('<subject...>', 'what it is about, as the refusal names it')
    .addHelpText(
      'after',
      `
Kinds and their subjects:
  Removal    COMMIT                                  a commit that withdraws more than the removal budget
  Protected  ENVIRONMENT/TEAM/NAME GROUP/KIND/NAMESPACE/NAME   the deletion of one protected object
  Selector   ENVIRONMENT                             a selector that matches nothing any more
  Rewrite    OLDHEAD                                 a fleet repository whose history was rewritten

Examples:
  fairlead acknowledge Removal 9be03d17c0ffee00000000000000000000000000
  fairlead acknowledge Protected prod/web/podinfo /PersistentVolumeClaim/web/data`,
    )
    .action(
      cli.does(async ({ words: [kind, subject], print, hub }) => {
        const body = {
          kind: kind as Acknowledgement['kind'],
          subject: (subject as unknown as readonly string[]).join(' '),
        };
        if (parseAcknowledgements([acknowledgementTrailer(body)]).length === 0) {
          throw usageError(
            `Cannot acknowledge ${body.kind} \`${body.subject}\`: that is not how such a subject is written. See \`fairlead acknowledge --help\`.`,
            'subject',
          );
        }
        printDone(print, await (await hub()).call('acknowledge', { body }));
      }),
    );
};
