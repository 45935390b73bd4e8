import { operatedReplicas } from '../../../families/operated.ts';
import type { Check } from '../../../verdict.ts';

/** A PrometheusAgent is healthy when its operator has rolled out every replica. */
export const check: Check = operatedReplicas;
