import { manualClock, systemClock } from '@fairlead/ports/clock';
import { transportContract } from '@fairlead/ports/contracts/transport';
import { startLine } from '@fairlead/testkit/line';
import { afterAll, beforeAll } from 'vitest';
import { endsOf, startHarness, type Harness } from './broker.harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());

transportContract('TLS through a NATS broker', {
  open: async () => endsOf(harness, { address: () => harness.server.url, clock: systemClock }),
  wire: {
    foundWithinMs: 320_000,
    async open() {
      const clock = manualClock(Date.now());
      const line = await startLine(harness.server.ports.client);
      const ends = endsOf(harness, { address: () => `nats://127.0.0.1:${line.port}`, clock });
      return {
        ...ends,
        clock,
        cut: () => line.goDark(),
        async close() {
          await line.close();
          await ends.close();
        },
      };
    },
  },
});
