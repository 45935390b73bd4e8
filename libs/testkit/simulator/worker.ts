import { createCrowd, type Crowd } from './crowd.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { countSockets } from './sockets.ts';

/** A process of simulated agents: does what its parent says, and tells it ten times a second how far it is. */
const tellEveryMs = 100;

const countBytes = countSockets();
/** Counted when it is asked for: ten thousand sockets ten times a second would be a load of their own. */
let bytes = countBytes();
let crowd: Crowd | undefined;

function say(message: FromWorker): void {
  // A parent that is gone closes the channel, and that ends this process.
  if (process.connected) process.send?.(message, () => undefined);
}

function tell(): void {
  if (crowd) say({ say: 'tally', tally: crowd.counter.tally(bytes) });
}

process.on('message', (message: ToWorker) => {
  switch (message.do) {
    case 'start':
      crowd = createCrowd(message);
      setInterval(tell, tellEveryMs).unref();
      return;
    case 'agents':
      return crowd?.add(message.identities);
    case 'times':
    case 'forget':
      if (message.do === 'forget') crowd?.counter.forget(message.mark);
      bytes = countBytes();
      tell();
      return say({ say: 'times', id: message.id, times: crowd?.counter.times(message.mark) ?? [] });
    case 'stop':
      process.exit(0);
  }
});
// Ctrl-C in a terminal reaches this process too: its parent says when it is over.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
