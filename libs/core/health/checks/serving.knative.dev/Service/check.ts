import { byOneCondition } from '../../../conditioned.ts';

/** A Service of Knative, a Route, a Configuration or a Revision is healthy when it is ready; Unknown is progress, False failure. */
export const check = byOneCondition({ type: 'Ready', works: 'it is ready' });
