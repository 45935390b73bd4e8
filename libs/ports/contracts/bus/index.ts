import type { JsonObject } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** Makes buses for the suite; an adapter reports what handlers throw to `onError`. */
export interface BusHarness {
  open(options: { readonly onError: (error: unknown) => void }): Promise<Bus>;
}

/** What every bus promises; run against the fake and each adapter. */
export function busContract(name: string, harness: BusHarness): void {
  describe(`bus contract: ${name}`, () => {
    let bus: Bus;
    beforeEach(async () => {
      bus = await harness.open({ onError: () => undefined });
    });
    afterEach(() => bus.close());

    test('every subscriber of a subject hears it in order, and no other subject', async () => {
      const [first, second] = [listener(3), listener(3)];
      bus.subscribe('desired', first.hear);
      bus.subscribe('desired', second.hear);
      bus.subscribe('head', () => first.hear({ wrong: true }));
      for (const n of [1, 2, 3]) await bus.publish('desired', { n });
      expect(await first.all).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
      expect(await second.all).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    });

    test('a subscriber handles one message at a time', async () => {
      let busy = 0;
      let most = 0;
      const seen = listener(3);
      bus.subscribe('statuses', async (payload) => {
        most = Math.max(most, (busy += 1));
        await Promise.resolve();
        busy -= 1;
        seen.hear(payload);
      });
      for (const n of [1, 2, 3]) await bus.publish('statuses', { n });
      await seen.all;
      expect(most).toBe(1);
    });

    test('a handler that fails hears the next message all the same', async () => {
      const seen = listener(2);
      bus.subscribe('head', (payload) => {
        seen.hear(payload);
        throw new Error('on purpose');
      });
      await bus.publish('head', { n: 1 });
      await bus.publish('head', { n: 2 });
      expect(await seen.all).toEqual([{ n: 1 }, { n: 2 }]);
    });

    test('a handler may publish', async () => {
      const seen = listener(1);
      bus.subscribe('head', () => bus.publish('release', { application: 'web/shop' }));
      bus.subscribe('release', seen.hear);
      await bus.publish('head', {});
      expect(await seen.all).toEqual([{ application: 'web/shop' }]);
    });

    test('who stopped hears nothing more', async () => {
      const [stopped, other] = [listener(1), listener(1)];
      const stop = bus.subscribe('source', stopped.hear);
      stop();
      bus.subscribe('source', other.hear);
      await bus.publish('source', {});
      await other.all;
      expect(stopped.heard).toEqual([]);
    });

    test('a closed bus takes no message', async () => {
      await bus.close();
      await expect(bus.publish('head', {})).rejects.toMatchObject({ code: 'Unavailable', reason: 'Shutdown' });
    });
  });
}

/** Collects messages until `count` are there. */
function listener(count: number): { hear(payload: JsonObject): void; heard: JsonObject[]; all: Promise<JsonObject[]> } {
  const heard: JsonObject[] = [];
  const { promise, resolve } = Promise.withResolvers<JsonObject[]>();
  return {
    heard,
    all: promise,
    hear(payload) {
      if (heard.push(payload) === count) resolve(heard);
    },
  };
}
