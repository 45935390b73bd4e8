import { byOneCondition } from '../../../conditioned.ts';

/** A class is healthy when a controller has accepted it. */
export const check = byOneCondition({
  type: 'Accepted',
  works: 'its controller has accepted it',
  waits: ['Pending', 'Waiting'],
});
