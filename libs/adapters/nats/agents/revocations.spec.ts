import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@fairlead/testkit/kube';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, expect, test } from 'vitest';
import { startHarness, type Harness, type Member } from './broker.harness.ts';
import type { RevokerKeys } from './accounts/revoker.ts';
import { claimsSubject, revokerInbox } from './subjects.ts';

const nowS = (): number => Math.floor(Date.now() / 1000);
const harnesses: Harness[] = [];
afterEach(async () => {
  await Promise.all(harnesses.splice(0).map((harness) => harness.stop()));
});

async function started(options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> {
  const harness = await startHarness(options);
  harnesses.push(harness);
  return harness;
}

/** When a JWT was signed. */
function issuedAtS(jwt: string): number {
  return (JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as { iat: number }).iat;
}

/** As the hub names a user whose cluster is a member no longer. */
function revoked({ user }: Member) {
  return { userKey: user.publicKey, issuedAtS: issuedAtS(user.jwt) };
}

async function isAlive(connection: NatsConnection): Promise<boolean> {
  return connection.flush().then(
    () => true,
    () => false,
  );
}

test('an agent that is revoked is cut off and not let in again, and the others do not feel it', async () => {
  const harness = await started();
  const [gone, stays] = [await harness.member('gone'), await harness.member('stays')];
  const [one, other] = [await harness.bare(gone), await harness.bare(stays)];
  await harness.revoker.revoke([revoked(gone)]);
  expect(String(await one.closed())).toMatch(/revoked|authori[sz]ation|authentication/i);
  await expect(harness.bare(gone)).rejects.toThrow(/Authorization/i);
  expect(await isAlive(other)).toBe(true);
  await other.close();
});

test('a cluster that is enrolled again gets in by its new user, and by a later JWT of the old one', async () => {
  const harness = await started();
  const before = await harness.member('one');
  // What keeps the account in the server's memory, as gateways do.
  const spy = await harness.spy();
  const { userKey, issuedAtS } = revoked(before);
  await harness.revoker.revoke([{ userKey, issuedAtS: issuedAtS - 1 }]);
  const later = await harness.bare(before);
  await harness.revoker.revoke([revoked(before)]);
  await later.closed();
  const anew = await harness.bare(await harness.member('one'));
  expect(await isAlive(anew)).toBe(true);
  await Promise.all([anew.close(), spy.close()]);
});

test('who is named no longer is let in again, and saying the same twice changes nothing', async () => {
  const harness = await started();
  const [one, other] = [await harness.member('one'), await harness.member('other')];
  const connection = await harness.bare(other);
  await harness.revoker.revoke([revoked(one)]);
  await harness.revoker.revoke([revoked(one)]);
  await expect(harness.bare(one)).rejects.toThrow(/Authorization/i);
  await harness.revoker.revoke([]);
  const again = await harness.bare(one);
  expect(await isAlive(connection)).toBe(true);
  await Promise.all([again.close(), connection.close()]);
});

test('servers that keep accounts in a folder refuse it from their start on; others after they are told again', async () => {
  for (const keepsAccounts of [true, false]) {
    const harness = await started({ keepsAccounts });
    const gone = await harness.member('gone');
    const connection = await harness.bare(gone);
    // Of two accounts a server keeps the later one, and it counts in seconds.
    const setUpAtS = issuedAtS(/eyJ[\w.-]+/.exec(harness.setup.serverConfig)?.[0] ?? '');
    await until(async () => nowS() > setUpAtS, { what: 'the second of the set-up to be over', pollMs: 20 });
    await harness.revoker.revoke([revoked(gone)]);
    await connection.closed();
    await harness.server.restart();
    const attempt = await harness.bare(gone).catch(() => undefined);
    expect(attempt === undefined).toBe(keepsAccounts);
    await harness.revoker.revoke([revoked(gone)]);
    await attempt?.closed();
    await expect(harness.bare(gone)).rejects.toThrow(/Authorization/i);
  }
});

test('a server that keeps accounts in memory and has no client of this one passes over it, which is told', async () => {
  const harness = await started();
  await expect(harness.revoker.revoke([revoked(await harness.member('gone'))])).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: expect.stringContaining('--accounts-dir') as string,
  });
});

test('a server that is away, and one that does not know the key, are told as what can be tried again', async () => {
  const harness = await started();
  const foreign = await started();
  const gone = await harness.member('gone');
  await harness.server.down();
  await expect(harness.revoker.revoke([revoked(gone)])).rejects.toMatchObject({
    code: 'Unavailable',
    reason: 'HubUnreachable',
  });
  await harness.server.up({ config: foreign.setup.serverConfig });
  await expect(harness.revoker.revoke([revoked(gone)])).rejects.toMatchObject({ code: 'Unavailable' });
});

test('more users than one message holds: the first ones are revoked, and it is told', async () => {
  const harness = await started({ config: 'max_payload: 65536' });
  const gone = await harness.member('gone');
  const connection = await harness.bare(gone);
  const many = Array.from({ length: 1_000 }, (_, n) => ({
    userKey: `UA${String(n)
      .padStart(54, 'A')
      .replace(/\d/g, (digit) => 'ABCDEFGHIJ'[Number(digit)] ?? 'A')}`,
    issuedAtS: nowS(),
  }));
  await expect(harness.revoker.revoke([revoked(gone), ...many])).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: expect.stringContaining('Cannot revoke 1001 NATS users') as string,
  });
  await connection.closed();
});

test.each([
  ['what another account is', async ({ system }: Accounts) => claimsSubject(system)],
  ['whatever claims name', async () => '$SYS.REQ.CLAIMS.UPDATE'],
  ['that servers end', async () => '$SYS.REQ.SERVER.PING'],
  ['what agents hear', async () => 'fairlead.v1.agent.one.down.abcd1234'],
])('the user by which the hub revokes may not say %s', async (_, subject) => {
  const harness = await started();
  const { connection, accounts } = await asRevoker(harness);
  const refusal = nextRefusal(connection);
  connection.publish(await subject(accounts), 'words');
  expect(await refusal).toContain('Permissions Violation for Publish');
  const deaf = nextRefusal(connection);
  connection.subscribe('$SYS.>', { callback: () => undefined });
  expect(await deaf).toContain('Permissions Violation for Subscription');
  await connection.close();
});

interface Accounts {
  readonly system: string;
}

async function asRevoker(harness: Harness) {
  const text = await readFile(join(harness.folder, 'nats/nats-revoker.json'), 'utf8');
  const { userJwt, userSeed } = JSON.parse(text) as RevokerKeys;
  const connection = await connect({
    servers: harness.server.url,
    authenticator: jwtAuthenticator(userJwt, new TextEncoder().encode(userSeed)),
    inboxPrefix: revokerInbox,
    reconnect: false,
  });
  const system = /^system_account: (\w+)$/m.exec(harness.setup.serverConfig)?.[1] ?? '';
  return { connection, accounts: { system } };
}

async function nextRefusal(connection: NatsConnection): Promise<string> {
  for await (const status of connection.status()) if (status.type === 'error') return status.error.message;
  return 'the connection ended without a refusal';
}
