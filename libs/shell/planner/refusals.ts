import { FairleadError } from '@fairlead/core/model';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Round, Workshop } from './round.ts';

/** A ledger of its own, which this version cannot keep: then nothing is decided, rather than written to the wrong place. */
export function ledgerElsewhere({ options }: Workshop, { documents }: FleetSnapshot): FairleadError | undefined {
  const { repository = options.repositoryUrl, branch = options.branch } = documents.fleet?.spec.ledger ?? {};
  if (repository === options.repositoryUrl && branch === options.branch) return undefined;
  return new FairleadError(
    `Cannot keep the ledger in ${repository}${branch === undefined ? '' : `, branch ${branch}`}: this hub keeps it in the fleet repository, on the branch that it reads. Take spec.ledger.repository and branch out of the Fleet document.`,
    {
      code: 'FailedPrecondition',
      reason: 'LedgerUnwritable',
      subject: { file: 'fairlead.yaml', field: 'spec.ledger' },
    },
  );
}

/** Another hub raised the epoch while this one ran: it must not give out what that one gives. */
export function behind({ hub, snapshot }: Round): FairleadError | undefined {
  const { epoch } = snapshot.ledger;
  if (hub.epoch === undefined || epoch === undefined || hub.epoch >= epoch) return undefined;
  return new FairleadError(
    `Cannot give anything out: the store of this hub is of epoch ${hub.epoch}, and another hub raised the ledger's to ${epoch}. Stop one of the two; a hub that is started again takes the ledger over.`,
    { code: 'FailedPrecondition', reason: 'EpochBehind' },
  );
}
