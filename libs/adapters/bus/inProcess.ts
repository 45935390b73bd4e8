import { askHere, busClosed, openDesks, openLines, type Bus, type LineOptions } from '@fairlead/ports/bus';
import { systemClock } from '@fairlead/ports/clock';

/** Options of {@link inProcessBus}. */
export type InProcessBusOptions = Omit<LineOptions, 'clock'> & Partial<Pick<LineOptions, 'clock'>>;

/**
 * A bus between the roles of one process. Each subscriber has a bounded queue of its own and handles one message at a
 * time; one that is too slow is told that it lost some, and the others do not feel it.
 */
export function inProcessBus(options: InProcessBusOptions): Bus {
  const lines = openLines({ clock: systemClock, ...options });
  const desks = openDesks();
  const ask = askHere(desks, options.clock ?? systemClock);
  let closed = false;
  return {
    async ask(name, question, within) {
      if (closed) throw busClosed('ask');
      return ask(name, question, within);
    },
    serve: (name, handler) => desks.add(name, handler),
    async publish(subject, payload) {
      if (closed) throw busClosed('publish');
      lines.ring(subject, payload);
    },
    subscribe: (subject, handler, listening) => lines.add(subject, handler, listening),
    // It is never away, so it never comes back.
    onRecovered: () => () => undefined,
    async close() {
      closed = true;
      lines.close();
      desks.close();
    },
  };
}
