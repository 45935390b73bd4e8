import { X509Certificate } from 'node:crypto';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeKeysApart, openApiKeys, openBlobKey, openGatewayKeys, openPlannerKeys, servedBy } from './apart.ts';

let folder: string;
let nowMs = Date.UTC(2026, 10, 1);
const options = { names: ['hub.example.com'], now: () => nowMs };
const all = (): string => join(folder, 'all');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-apart-'));
  await makeKeysApart(all(), options);
});
afterEach(() => rm(folder, { recursive: true }));

/** A folder that holds these files and nothing else, as a mounted Secret of one role. */
async function only(...names: string[]): Promise<string> {
  const own = await mkdtemp(join(folder, 'role-'));
  for (const name of names) await cp(join(all(), name), join(own, name));
  return own;
}

test('a planner signs with its own files, and a gateway verifies without the private key', async () => {
  const signer = await openPlannerKeys(await only('signing-1.key'));
  const gateway = await openGatewayKeys(await only('ca.key', 'ca.pem', 'verifying-keys.json'), options);
  expect(gateway.verifies(signer.signHead(new Uint8Array([1, 2])))).toBe(true);
  const { certificatePem } = await gateway.server();
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.checkHost('hub.example.com')).toBe('hub.example.com');
  expect(certificate.verify(new X509Certificate(gateway.caPem).publicKey)).toBe(true);
  expect((await gateway.server()).certificatePem).toBe(certificatePem);
});

test('the api needs the token, the public certificate of the authority and its own certificate', async () => {
  const own = await only('admin-token', 'ca.pem', 'api.pem');
  const { isAdminToken, caPem } = await openApiKeys(own);
  expect(isAdminToken((await readFile(join(own, 'admin-token'), 'utf8')).trim())).toBe(true);
  const { certificatePem } = await servedBy(own, { role: 'api', now: options.now })();
  expect(new X509Certificate(certificatePem).verify(new X509Certificate(caPem).publicKey)).toBe(true);
});

test('a second run keeps the keys, and renews a certificate that ended', async () => {
  const before = await openBlobKey(all());
  const served = servedBy(all(), { role: 'sources', now: options.now });
  await served();
  const start = nowMs;
  nowMs += 3 * 365 * 86_400_000;
  await expect(served()).rejects.toMatchObject({ code: 'FailedPrecondition', message: /--make-keys again/ });
  await makeKeysApart(all(), options);
  await served();
  expect(await openBlobKey(all())).toEqual(before);
  nowMs = start;
});

test('what is missing is named with the step that makes it, and nothing is made', async () => {
  const empty = await only();
  for (const opened of [openPlannerKeys(empty), openGatewayKeys(empty, options), openApiKeys(empty)]) {
    await expect(opened).rejects.toMatchObject({ code: 'FailedPrecondition', message: /has no .*--make-keys/ });
  }
});
