import { openPostgresStore } from '@fairlead/adapters/store';
import type { Store } from '@fairlead/ports/store';
import type { SharedServers } from '@fairlead/testkit/simulator';

/** Opens the record; secret blobs are none of a bench's business. */
export function openRecord({ url, password }: SharedServers['access']): Promise<Store> {
  return openPostgresStore({ url, password, key: new Uint8Array(32) });
}
