import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeCsr, newAgentKey } from './agent.ts';
import { extendTrust, verifyHead } from './heads.ts';
import { openKeys } from './hub.ts';

const shop = 'shop-0042' as ClusterName;
const dayMs = 86_400_000;
let folder: string;
let nowMs = Date.UTC(2026, 10, 1);
const options = { names: ['hub.example.com', '127.0.0.1'], now: () => nowMs };

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'fairlead-keys-')), 'keys');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

test('a first start makes every key, for its owner only', async () => {
  await openKeys(folder, options).then((keys) => keys.server());
  const names = await readdir(folder);
  expect(names.toSorted()).toEqual(['admin-token', 'blobs.key', 'ca.key', 'ca.pem', 'server.pem', 'signing-1.key']);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
});

test('a second start finds the same keys, and narrows rights that were widened', async () => {
  const first = await openKeys(folder, options);
  const server = await first.server();
  await chmod(join(folder, 'ca.key'), 0o644);
  const second = await openKeys(folder, options);
  expect(second.caPem).toBe(first.caPem);
  expect(second.blobKey).toEqual(first.blobKey);
  expect(second.verifyingKeys).toEqual(first.verifyingKeys);
  expect(await second.server()).toEqual(server);
  expect((await stat(join(folder, 'ca.key'))).mode & 0o777).toBe(0o600);
});

test('a client certificate names the cluster and nothing else, for a day', async () => {
  const keys = await openKeys(folder, options);
  const key = await newAgentKey();
  const csr = await makeCsr(key, 'somebody-else' as ClusterName);
  expect(await keys.keyDigestOfCsr(csr)).toBe(key.digest);
  const { certificatePem, notAfterMs } = await keys.issueClient(csr, shop);
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.subject).toBe('CN=shop-0042');
  expect(certificate.subjectAltName).toBe('URI:spiffe://fairlead/cluster/shop-0042');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(new X509Certificate(keys.caPem).publicKey)).toBe(true);
  expect(notAfterMs).toBe(nowMs + dayMs);
  expect(certificate.validToDate.getTime()).toBe(notAfterMs);
  expect(certificate.checkPrivateKey((await import('node:crypto')).createPrivateKey(key.privatePem))).toBe(true);
});

test('a request that is not signed by its own key is refused', async () => {
  const keys = await openKeys(folder, options);
  const csr = await makeCsr(await newAgentKey(), shop);
  const der = Buffer.from(csr.replaceAll(/-----.*-----|\s/g, ''), 'base64');
  der.write('shop-0043', der.indexOf('shop-0042'));
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
  await expect(keys.issueClient(forged, shop)).rejects.toThrow('its signature is not by its own key');
  const torn = `${csr.slice(0, -80)}\n-----END CERTIFICATE REQUEST-----`;
  await expect(keys.issueClient(torn, shop)).rejects.toMatchObject({ code: 'InvalidInput' });
  await expect(keys.issueClient('not a request', shop)).rejects.toMatchObject({ code: 'InvalidInput' });
  await expect(keys.issueClient('x'.repeat(20_000), shop)).rejects.toThrow('20000 characters long');
});

test('the server certificate is renewed when a third of its life is left, or a name is added', async () => {
  const keys = await openKeys(folder, options);
  const first = await keys.server();
  const certificate = new X509Certificate(first.certificatePem);
  expect(certificate.checkHost('hub.example.com')).toBe('hub.example.com');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  nowMs += 240 * dayMs;
  expect(await keys.server()).toEqual(first);
  nowMs += 10 * dayMs;
  const second = await keys.server();
  expect(second.certificatePem).not.toBe(first.certificatePem);
  const wider = await openKeys(folder, { ...options, names: [...options.names, 'other.example.com'] });
  const third = new X509Certificate((await wider.server()).certificatePem);
  expect(third.checkHost('other.example.com')).toBe('other.example.com');
});

test('an authority that lost its key is not replaced in silence', async () => {
  await openKeys(folder, options);
  await rm(join(folder, 'ca.key'));
  await expect(openKeys(folder, options)).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: expect.stringContaining('ca.key is gone'),
  });
});

test('the administrator is known by the token in its file', async () => {
  const keys = await openKeys(folder, options);
  const token = (await readFile(join(folder, 'admin-token'), 'utf8')).trim();
  expect(Buffer.from(token.slice(4), 'base64url')).toHaveLength(32);
  expect(keys.isAdminToken(token)).toBe(true);
  expect(keys.isAdminToken(`${token}x`)).toBe(false);
});

test('join tokens are never alike, and only their hash need be kept', async () => {
  const keys = await openKeys(folder, options);
  const [one, two] = [keys.newToken(), keys.newToken()];
  expect(one.token).not.toBe(two.token);
  expect(keys.hashToken(one.token)).toBe(one.hash);
  expect(one.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test('a head verifies by the key that signed it, to the byte', async () => {
  const keys = await openKeys(folder, options);
  const head = keys.signHead(new TextEncoder().encode('{"cluster":"shop-0042"}'));
  expect(verifyHead(head, keys.verifyingKeys)).toBe(true);
  expect(verifyHead({ ...head, bytes: new TextEncoder().encode('{"cluster":"shop-0043"}') }, keys.verifyingKeys)).toBe(
    false,
  );
  expect(verifyHead({ ...head, keyId: 'other' }, keys.verifyingKeys)).toBe(false);
  expect(verifyHead(head, [{ keyId: head.keyId, publicKey: new Uint8Array([1, 2, 3]) }])).toBe(false);
});

test('an agent trusts a new signing key only if one that it trusts vouches for it', async () => {
  const first = await openKeys(folder, options);
  await writeFile(join(folder, 'signing-2.key'), await otherSigningKey());
  const second = await openKeys(folder, options);
  const head = second.signHead(new Uint8Array([1]));
  expect(verifyHead(head, first.verifyingKeys)).toBe(false);
  expect(verifyHead(head, extendTrust(first.verifyingKeys, second.verifyingKeys))).toBe(true);
  const [, forged] = second.verifyingKeys;
  const stranger = { keyId: 'stranger', publicKey: first.verifyingKeys[0]?.publicKey ?? new Uint8Array() };
  const offered = [{ ...stranger, signedBy: forged?.signedBy ?? '', signature: forged?.signature ?? new Uint8Array() }];
  expect(extendTrust(first.verifyingKeys, offered)).toEqual(first.verifyingKeys);
});

async function otherSigningKey(): Promise<string> {
  const elsewhere = join(folder, '..', 'elsewhere');
  await openKeys(elsewhere, options);
  return readFile(join(elsewhere, 'signing-1.key'), 'utf8');
}
