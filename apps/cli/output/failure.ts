import { subjectText, type FairleadError, type Reason } from '@fairlead/core/model';
import { plain, type Paint } from './words.ts';

/** What a person at the CLI can do, where the hub's own words cannot know it. */
const nextSteps: Partial<Record<Reason, string>> = {
  HubUnreachable: 'start a hub with `fairlead up --fleet URL`, or name another with --profile or FAIRLEAD_SERVER',
  CredentialsMissing: 'set FAIRLEAD_TOKEN, or start the hub with `fairlead up`, which writes the profile',
  TokenInvalid: "set FAIRLEAD_TOKEN to the content of admin-token in the hub's data folder",
  Halted: 'see why with `fairlead why APP ENVIRONMENT`, then `fairlead resume` or `fairlead rollback`',
  OnHold: 'take the hold away with `fairlead resume APP --environment ENVIRONMENT`',
  NoFallback: 'promote a release with `fairlead promote APP --to ENVIRONMENT --release DIGEST`',
  RemovalBudgetExceeded: 'allow it once with `fairlead acknowledge Removal COMMIT`',
  ObjectProtected:
    'allow it once with `fairlead acknowledge Protected "ENVIRONMENT/TEAM/NAME GROUP/KIND/NAMESPACE/NAME"`',
  LedgerRewritten: 'allow it once with `fairlead acknowledge Rewrite OLDHEAD`',
};

/**
 * An error for a person: one line that begins with `error:`, then where (file:line object field) and the closed word of
 * its reason, then the next step. The stack comes only where it was asked for.
 */
export function failureText(
  error: FairleadError,
  { paint, debug, next }: { readonly paint: Paint; readonly debug: boolean; readonly next?: string },
): string {
  const where = subjectText(error.subject);
  const step = next ?? nextSteps[error.reason];
  const lines = [
    `${paint.red('error:')} ${plain(error.message)}`,
    `  ${where === '' ? '' : `at ${plain(where)} `}(${error.reason})`,
    ...(step === undefined ? [] : [`  next: ${step}`]),
    ...(debug ? [error.stack ?? '', ...(error.cause instanceof Error ? [`cause: ${error.cause.stack}`] : [])] : []),
  ];
  return `${lines.join('\n')}\n`;
}
