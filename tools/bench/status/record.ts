import { openStore } from '@fairlead/adapters/store';
import type { Store } from '@fairlead/ports/store';

/** Where the record lies. */
export interface RecordPlace {
  readonly kind: 'sqlite';
  readonly file: string;
}

/** Opens it; secret blobs are none of a bench's business. */
export function openRecord(place: RecordPlace): Promise<Store> {
  return openStore({ file: place.file, key: new Uint8Array(32) });
}
