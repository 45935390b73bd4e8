import type { Digest } from '@fairlead/core/model';
import type { Ground } from '../loop/ground.ts';
import type { AgentState } from '../state/agentState.ts';

/** Texts by digest: what the agent keeps, and what was fetched for a plan alone. */
export interface Texts {
  readonly own: Pick<AgentState, 'has' | 'text'>;
  readonly fetched: Map<Digest, string>;
}

/** The same ground, whose texts are also the fetched ones. Nothing else of the state can be reached through it. */
export function overlaid(ground: Ground, { own, fetched }: Texts): Ground {
  const { state } = ground;
  const refuse = (): never => {
    throw new TypeError('a plan writes nothing');
  };
  return {
    ...ground,
    state: {
      accepted: state.accepted,
      has: (digest) => own.has(digest) || fetched.has(digest),
      text: async (digest) => fetched.get(digest) ?? own.text(digest),
      index: (digest) => state.index(digest),
      applications: () => state.applications(),
      accept: refuse,
      inventory: refuse,
      forget: refuse,
    },
  };
}
