import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { memoryBus } from '@fairlead/ports/bus';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test, vi } from 'vitest';
import { WatchController, type Watched } from './watch.ts';

test('a client that leaves before the journal was looked at is not kept', async () => {
  const timers = vi.spyOn(globalThis, 'setInterval');
  const journal = Promise.withResolvers<never[]>();
  const onFleet = vi.fn<Watched['onFleet']>(() => () => undefined);
  const ports = { store: { ...memoryStore(), events: () => journal.promise } };
  const silent = (): void => undefined;
  const log = { info: silent, warn: silent, error: silent };
  const controller = new WatchController(ports as never, { bus: memoryBus(), onFleet }, log);
  const idle = timers.mock.calls.at(-1)?.[0] as () => void;
  timers.mockRestore();
  const raw = new ServerResponse(new IncomingMessage(new Socket()));
  const write = vi.spyOn(raw, 'write');
  const watching = controller.watch({ headers: {} } as never, { raw, hijack: silent } as never);
  raw.destroy();
  journal.resolve([]);
  await watching;
  idle();
  expect(write).not.toHaveBeenCalled();
  expect(onFleet).not.toHaveBeenCalled();
  controller.onModuleDestroy();
});
