import { byOneCondition } from '../../../conditioned.ts';

/** A SealedSecret is healthy when its Secret was unsealed and written. */
export const check = byOneCondition({ type: 'Synced', works: 'its Secret is unsealed' });
