import {
  capabilities,
  FairleadError,
  printJson,
  type ApplicationId,
  type Digest,
  type HubMessage,
  type MessageOf,
} from '@fairlead/core/model';
import type { Answers } from '../hub/session.ts';
import { behind } from './behind.ts';
import { subjectOf, type Desk } from './desk.ts';
import { answerEvents } from './events.ts';
import { answerObject } from './object.ts';
import { answerPlan } from './plan.ts';
import { answerTree } from './tree.ts';

/** What an agent of this version can be asked, as its Hello names it. */
export const answerable: readonly string[] = Object.values(capabilities);

/** Answers what the hub asks of the cluster: behind all other work, within bounds, and without secrets. */
export function createAnswers({ ground, crew }: Desk): Answers {
  const own: Desk = { crew, ground: { ...ground, pace: behind(ground.pace) } };
  return {
    async plan({ application, bundle }, fetch) {
      return printJson(await answerPlan(own, { application: application as ApplicationId, bundle, fetch }));
    },
    async query(query) {
      return printJson(await answerQuery(own, query));
    },
  };
}

async function answerQuery(desk: Desk, query: MessageOf<HubMessage, 'Query'>): Promise<unknown> {
  const { key } = query;
  const subject = await subjectOf(desk, query.application as ApplicationId);
  switch (query.kind) {
    case 'Tree':
      return answerTree(desk, subject);
    case 'Events':
      return answerEvents(desk, subject, key);
    case 'Object':
      if (key === undefined) throw lacks('an object to show');
      return answerObject(desk, subject, key);
    case 'Diff': {
      const { application, assigned } = subject;
      if (assigned === undefined) throw lacks(`a bundle that ${application} is to run here`);
      const { bundle } = assigned.entry;
      // The agent has all of what it runs.
      const fetch = () => Promise.resolve(new Map<Digest, string>());
      return answerPlan(desk, { application, bundle, fetch, ...(key === undefined ? {} : { only: key }) });
    }
  }
}

function lacks(what: string): FairleadError {
  return new FairleadError(`Cannot answer: there is no ${what.replace(/^an? /, '')}; name one`, {
    code: 'FailedPrecondition',
    reason: 'InvalidArgument',
  });
}
