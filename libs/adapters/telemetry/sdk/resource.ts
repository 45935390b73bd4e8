import { hostname } from 'node:os';
import { envDetector, resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';
import type { TelemetryOptions } from './start.ts';

/** Who tells, by the semantic conventions; OTEL_RESOURCE_ATTRIBUTES adds what the place of deployment knows. */
export function resourceOf({ service, version, instance }: TelemetryOptions): Resource {
  return resourceFromAttributes({
    ...envDetector.detect().attributes,
    [ATTR_SERVICE_NAMESPACE]: 'fairlead',
    [ATTR_SERVICE_NAME]: service,
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_SERVICE_INSTANCE_ID]: instance,
    'host.name': hostname(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  });
}
