import { createContext, use } from 'react';
import type { Client } from '../api/client.ts';

/** The hub, as whoever signed in. */
export interface Hub {
  readonly client: Client;
  /** Says that an action was taken: what it concerns is read anew without waiting for the watch. */
  acted(application: string): void;
}

/** Where components find the {@link Hub}. */
export const HubContext = createContext<Hub | undefined>(undefined);

/** The hub of whoever signed in. */
export function useHub(): Hub {
  const hub = use(HubContext);
  if (!hub) throw new Error('Nobody signed in.');
  return hub;
}
