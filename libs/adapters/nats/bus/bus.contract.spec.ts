import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { systemClock } from '@fairlead/ports/clock';
import { busContract } from '@fairlead/ports/contracts/bus';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { afterAll, beforeAll, describe } from 'vitest';
import { busPermissions, openNatsBus } from './index.ts';

const user = createUser();
const permissions = `{ publish: ${JSON.stringify(busPermissions().publish)}, subscribe: ${JSON.stringify(busPermissions().subscribe)} }`;
const onlyThese = `authorization { users: [ { nkey: ${user.getPublicKey()}, permissions: ${permissions} } ] }`;

describe.each([
  ['anybody', ''],
  ['a user with the documented permissions only', onlyThese],
])('as %s', (_, config) => {
  let server: NatsServer;
  let folder: string;
  beforeAll(async () => {
    server = await startNatsServer({ config });
    folder = await mkdtemp(join(tmpdir(), 'fairlead-bus-'));
    await writeFile(join(folder, 'seed'), user.getSeed());
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  busContract('NATS JetStream', {
    async open({ onError, queueLimit }) {
      const open = (name: string) =>
        openNatsBus({
          servers: server.url,
          credentialsFile: join(folder, 'seed'),
          name,
          clock: systemClock,
          queueLimit,
          pauseMs: 1,
          onError,
          onProblem: onError,
        });
      return { here: await open('here'), there: await open('there') };
    },
  });
});
