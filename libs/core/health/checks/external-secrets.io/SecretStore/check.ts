import { byOneCondition } from '../../../conditioned.ts';

/** A SecretStore or a ClusterSecretStore is healthy when its provider accepts its credentials. */
export const check = byOneCondition({ type: 'Ready', works: 'its provider can be read' });
