import type { KubeObject } from '@fairlead/core/model';
import { listAt, textAt, valueAt } from '../fields.ts';
import { healthy, progressing, type Health } from '../verdict.ts';

/**
 * Health of a webhook configuration: a webhook that calls a Service can be called once its `caBundle` is filled in, by a
 * person, an injector or a Job of its own. A line feed is what generators write where the list must not be empty.
 */
export function webhooksCallable(object: KubeObject): Health {
  const webhooks = listAt(object, 'webhooks');
  const waiting = webhooks.filter(
    (webhook) =>
      valueAt(webhook, 'clientConfig.service') !== undefined && isBlank(textAt(webhook, 'clientConfig.caBundle')),
  );
  if (waiting.length === 0)
    return healthy(`${webhooks.length} ${webhooks.length === 1 ? 'webhook' : 'webhooks'} registered`);
  return progressing(
    `${waiting.length} of ${webhooks.length} webhooks have no caBundle yet: ${waiting.map((webhook) => textAt(webhook, 'name')).join(', ')}`,
    'CaBundleMissing',
  );
}

/** True for base64 of nothing or of line feeds (`Cg==`, `Cgo=`, `CgoK`). */
function isBlank(base64: string): boolean {
  return /^(CgoK)*(Cgo=|Cg==)?$/.test(base64);
}
