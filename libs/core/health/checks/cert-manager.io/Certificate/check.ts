import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText, isFresh, numberAt, textAt } from '../../../fields.ts';
import { whileNotTrue } from '../../../generic.ts';
import { degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/**
 * A Certificate is healthy when the one in its Secret is valid for the manifest as it is now; a renewal ahead of its end
 * changes nothing. Only conditions carry the generation that they answer. It is degraded once an issuance failed or it expired.
 */
export function check(object: KubeObject): Health {
  const ready = conditionOf(object, 'Ready');
  if (!ready) return progressing('its controller has not seen it yet', 'StatusStale');
  const pending = whileNotTrue(ready, object);
  const issuing = conditionOf(object, 'Issuing');
  const until = textAt(object, 'status.notAfter');
  if (!pending) {
    const renewal = issuing?.status === 'True' ? ', and it is being renewed' : '';
    return healthy(`it is valid${until === '' ? '' : ` until ${until}`}${renewal}`);
  }
  if (!isFresh(ready, object)) return pending;
  if (ready.reason === 'Expired') return degraded(conditionText(ready));
  const failures = numberAt(object, 'status.failedIssuanceAttempts');
  if (issuing?.status === 'True' || failures === 0) return pending;
  const why = issuing ? conditionText(issuing) : conditionText(ready);
  return degraded(`${failures} ${failures === 1 ? 'issuance' : 'issuances'} failed; ${why}`);
}
