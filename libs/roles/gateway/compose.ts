import { grpcListener } from '@fairlead/adapters/grpc';
import type { GatewayKeys } from '@fairlead/adapters/pki';
import type { DynamicModule } from '@nestjs/common';
import type { Ground } from '@fairlead/roles/ground';
import { hostPort } from '@fairlead/roles/http';
import type { Settings } from '@fairlead/roles/settings';
import { createGateway } from '@fairlead/shell/gateway';
import { keepInstance } from '@fairlead/shell/instances';
import { onRestored } from '@fairlead/shell/leader';
import { gatewayModule } from './module.ts';
import { openNats } from './nats.ts';
import { followPlanner } from './planner.ts';

/** What the gateway role is made of. */
export interface GatewayParts {
  readonly settings: Pick<Settings, 'grpc' | 'grpcName' | 'names' | 'agentsNats' | 'keysFolder'>;
  readonly keys: GatewayKeys;
}

/** One instance of the gateway. */
export interface GatewayRole {
  /** Its HTTPS side: enrolment and renewal. */
  readonly module: DynamicModule;
  /** `HOST:PORT` that agents stream to. */
  readonly streams: string;
  close(): Promise<void>;
}

/** For how long a gateway counts as alive without a word, and its clusters as connected. */
const aliveMs = 30_000;

/** Takes agents' streams; any agent may come to any instance. */
export async function startGatewayRole(ground: Ground, { settings, keys }: GatewayParts): Promise<GatewayRole> {
  const { store, bus, clock, onProblem, instance, alone, observing } = ground;
  const planner = followPlanner(ground);
  const nats = await openNats(ground, { settings, keys, onConnected: () => gateway.brokerThere() });
  let streams = '';
  const gateway = createGateway({
    instance,
    store,
    bus,
    clock,
    authority: keys,
    member: planner.member,
    epochReady: planner.epochReady,
    get gatewayAddress() {
      return streams;
    },
    ...(nats && { nats: nats.accounts }),
    onError: onProblem,
  });
  gateway.start();
  const stopFollowing = planner.follow(() => gateway.refresh());
  const stopRestored = onRestored({ store, bus, onError: onProblem }, () => {
    planner.forget();
    gateway.letGo();
  });
  const presence = await keepInstance(
    { store, bus, clock, onError: onProblem },
    { instance, role: 'gateway', ttlMs: aliveMs, alone, beaten: (registered) => gateway.beaten(registered) },
  );
  const listener = observing.agents(
    grpcListener({
      ...settings.grpc,
      caPem: keys.caPem,
      server: keys.server,
      ticketSecret: keys.ticketSecret,
      clock,
      onError: onProblem,
      onBytes: observing.bytes('grpc'),
    }),
    { store, transport: 'grpc' },
  );
  const { address } = await listener.listen((channel) => gateway.accept(channel));
  await nats?.listener.listen((channel) => gateway.accept(channel));
  streams = settings.grpcName ?? advertised(settings, address);
  return {
    module: gatewayModule(gateway),
    streams,
    async close() {
      stopFollowing();
      stopRestored();
      gateway.close();
      await Promise.all([listener.close(), nats?.listener.close()]);
      await presence.close();
    },
  };
}

/** What agents dial: the first name that the gateway was given, else where it listens. */
function advertised({ names: [name] }: Pick<Settings, 'names'>, address: string): string {
  return name === undefined ? address : hostPort(name, Number(address.slice(address.lastIndexOf(':') + 1)));
}
