import { FairleadError, type Reason } from '@fairlead/core/model';
import type { GatewayLimits } from './ports.ts';

/** Something that an agent does and should not; the message goes on from the cluster's name, and says what to do. */
export interface Misdeed {
  /** Its kind. */
  readonly what: string;
  readonly reason: Reason;
  readonly message: string;
}

const lookAfterIt = 'See what runs under its identity; to take the identity away, enrol the cluster again.';

/** More messages than its share, for some time. */
export function floods({ burst, perSecond }: Pick<GatewayLimits, 'burst' | 'perSecond'>): Misdeed {
  const message = `sends more than ${perSecond} messages a second, and ${burst} at once: it is read no faster than that. ${lookAfterIt}`;
  return { what: 'flood', reason: 'RateLimited', message };
}

/** Takes nothing from its stream. */
export const readsNothing: Misdeed = {
  what: 'deaf',
  reason: 'ClusterSilent',
  message: `has read nothing of what was sent to it, and its stream was ended. Start its agent again. ${lookAfterIt}`,
};

/** Begins streams too often; with another refusal than for that, it is somebody else with a key of the same name. */
export function comesTooOften({ reason, message }: FairleadError): Misdeed {
  if (reason === 'RateLimited') return { what: 'fight', reason, message: `is turned away for a while. ${message}` };
  const says = `shares its name with a key that is refused and comes too often: stop what still runs with it. ${message}`;
  return { what: 'stranger', reason, message: says };
}

/** Said something that no agent says; its stream was ended. */
export function misspoke(cause: FairleadError): Misdeed {
  const message = `said something that no agent says, and its stream was ended. ${cause.message} ${lookAfterIt}`;
  return { what: 'words', reason: cause.reason, message };
}

/** Whether the agent is to blame for what ended its stream. */
export function isMisdeed({ code }: FairleadError): boolean {
  return code === 'InvalidInput' || code === 'ResourceExhausted' || code === 'FailedPrecondition';
}

/** A first message that is no Hello. */
export function outOfOrder(type: string): FairleadError {
  return new FairleadError(`Cannot take ${type}: the stream has not begun with Hello. Connect again.`, {
    code: 'FailedPrecondition',
    reason: 'InvalidArgument',
  });
}

/** A message of a session that is still to come: no stream of this cluster can know it. */
export function neverGiven(session: number, current: number): FairleadError {
  return new FairleadError(`Cannot take a message of session ${session}: current value is ${current}. Connect again.`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
  });
}
