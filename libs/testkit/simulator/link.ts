import { parseHead } from '@fairlead/core/bundle';
import {
  comparePositions,
  type AgentMessage,
  type ClusterName,
  type HubMessage,
  type Position,
} from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { HubConnection, HubLink } from '@fairlead/ports/transport';
import type { Behaviour } from './behaviour.ts';
import { drawn } from './random.ts';
import type { Counter } from './tally.ts';

/** What a link does beside carrying messages. */
export interface WatchedLinkOptions {
  readonly cluster: ClusterName;
  readonly behaviour: Behaviour;
  readonly clock: Clock;
  readonly counter: Counter;
  /** Hears each message after it was sent, or before it is handled. */
  readonly heard: (message: HubMessage) => void;
  readonly said: (message: AgentMessage) => void;
}

/** A link that counts, and misbehaves as the behaviour says. */
export function watchedLink(link: HubLink, options: WatchedLinkOptions): HubLink {
  const { cluster, behaviour, clock, counter } = options;
  const isSlow = drawn(behaviour.seed, cluster, 'slow') < behaviour.slowReaders;
  const isFlood = drawn(behaviour.seed, cluster, 'flood') < behaviour.floods;
  let furthest: Position | undefined;
  const notePosition = (message: HubMessage): void => {
    if (message.type !== 'Desired') return;
    const { position } = parseHead(message.head.bytes);
    if (furthest && comparePositions(position, furthest) < 0) counter.steppedBack += 1;
    else furthest = position;
  };
  return {
    async connect(handler, signal) {
      const connection = await link
        .connect(async (message) => {
          if (isSlow) await new Promise<void>((resolve) => void clock.after(behaviour.slowMs, resolve));
          counter.received(message);
          notePosition(message);
          options.heard(message);
          await handler(message);
        }, signal)
        .catch((thrown: unknown) => {
          counter.failures += 1;
          throw thrown;
        });
      const watched: HubConnection = {
        closed: connection.closed,
        close: () => connection.close(),
        async send(message) {
          await connection.send(message);
          counter.sent(message);
          options.said(message);
        },
      };
      if (isFlood) flood(watched, options);
      return watched;
    },
  };
}

/** Sends needless messages, a second's worth at a time, for as long as the stream stands. */
function flood(connection: HubConnection, { behaviour, clock }: WatchedLinkOptions): void {
  let isOver = false;
  void connection.closed.then(() => (isOver = true));
  const again = (): void => {
    if (isOver) return;
    const sending = Array.from({ length: behaviour.floodPerSecond }, () =>
      connection.send({ type: 'Want', digests: [] }).catch(() => undefined),
    );
    void Promise.all(sending).then(() => clock.after(1_000, again));
  };
  clock.after(1_000, again);
}
