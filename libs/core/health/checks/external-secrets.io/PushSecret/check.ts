import { byOneCondition } from '../../../conditioned.ts';

/** A PushSecret, or a ClusterExternalSecret, is healthy when everything that it is to write is written. */
export const check = byOneCondition({ type: 'Ready', works: 'it is synced' });
