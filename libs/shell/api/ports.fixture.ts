import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import type { ApplicationPorts } from './applications.ts';
import type { FleetInForce } from './ports.ts';

/** What answers are made from over a fleet of which a test names only what it is about; the rest is empty. */
export function portsOver(fleet: object): ApplicationPorts {
  return {
    store: memoryStore(),
    clock: manualClock(),
    repository: 'https://git.example.com/fleet',
    fleet: () => fleet as FleetInForce,
    troubles: async () => [],
    connection: () => 'Connected',
    source: async () => undefined,
  };
}
