import { strimzied } from '../../../families/strimzi.ts';
import type { Check } from '../../../verdict.ts';

/** A Kafka is healthy when its operator calls it ready; so are users, topics, bridges and what else Strimzi runs. */
export const check: Check = strimzied;
