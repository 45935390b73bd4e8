import { webhooksCallable } from '../../../families/webhooks.ts';
import type { Check } from '../../../verdict.ts';

/** A validating webhook can be called once it has the certificate authority of the Service behind it. */
export const check: Check = webhooksCallable;
