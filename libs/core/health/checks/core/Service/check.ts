import type { KubeObject } from '@fairlead/core/model';
import { listAt, textAt } from '../../../fields.ts';
import { type Health, healthy, progressing } from '../../../verdict.ts';

/** A Service is healthy once it has its address: of type LoadBalancer the one that the load balancer gave. */
export function check(object: KubeObject): Health {
  const type = textAt(object, 'spec.type') || 'ClusterIP';
  if (type === 'ExternalName') return healthy(`it stands for ${textAt(object, 'spec.externalName')}`);
  const address = textAt(object, 'spec.clusterIP');
  if (address === '') return progressing('it has no cluster address yet', 'AddressPending');
  if (type !== 'LoadBalancer')
    return healthy(address === 'None' ? 'it is headless' : `its cluster address is ${address}`);
  const given = listAt(object, 'status.loadBalancer.ingress').map(
    (entry) => textAt(entry, 'ip') || textAt(entry, 'hostname'),
  );
  return given.length === 0
    ? progressing('the load balancer has given no address yet', 'AddressPending')
    : healthy(`its address is ${given.join(', ')}`);
}
