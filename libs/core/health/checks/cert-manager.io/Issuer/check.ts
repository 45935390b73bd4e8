import { byOneCondition } from '../../../conditioned.ts';

/** An Issuer, or a ClusterIssuer, is healthy when it can sign: its account is registered, its keys are found. */
export const check = byOneCondition({ type: 'Ready', works: 'it can issue certificates' });
