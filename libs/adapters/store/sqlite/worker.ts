import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openEngine, type Engine } from './engine.ts';
import { plainError, type EngineOptions, type FromThread, type Request, type ToThread } from './protocol.ts';

/** How many calls share one transaction at most, so that no answer waits for an endless one. */
const batchLimit = 512;

/** Answers the calls of the other side until it is told to close. */
function serve(engine: Engine, { port, say }: { port: MessagePort; say: (message: FromThread) => void }): void {
  const waiting: Request[] = [];
  const drain = (): void => {
    say({ type: 'replies', ...engine.run(waiting.splice(0, batchLimit)) });
    if (waiting.length > 0) setImmediate(drain);
  };
  port.on('message', (message: ToThread) => {
    if (message === 'close') {
      while (waiting.length > 0) say({ type: 'replies', ...engine.run(waiting.splice(0, batchLimit)) });
      engine.close();
      say({ type: 'closed' });
      port.close();
      return;
    }
    // The first of a burst waits for the rest of it: they become durable together.
    if (waiting.length === 0) setImmediate(drain);
    for (const request of message) waiting.push(request);
  });
  say({ type: 'open', id: engine.id });
}

if (parentPort) {
  const port = parentPort;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  const say = (message: FromThread): void => port.postMessage(message);
  try {
    serve(openEngine(workerData as EngineOptions), { port, say });
  } catch (thrown) {
    say({ type: 'refused', error: plainError(thrown) });
  }
}
