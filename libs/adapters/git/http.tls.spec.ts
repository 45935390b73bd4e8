import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { cryptoProvider, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpClient } from './http.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
let url: string;
let certificate: string;
let stop: () => void;

beforeAll(async () => {
  cryptoProvider.set(crypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=git.example.com',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  certificate = made.toString('pem');
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
  const server = createServer({ key: pem, cert: certificate }, (_, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterAll(() => stop());

const request = { method: 'GET', headers: {}, maxBytes: 1000 };

test('a server of a private authority is trusted by its certificate, and not without', async () => {
  const trusting = httpClient({ ca: certificate });
  const answer = await trusting.request({ ...request, url });
  expect(answer.body.toString()).toBe('hello');
  trusting.close();
  const wary = httpClient();
  await expect(wary.request({ ...request, url })).rejects.toMatchObject({
    reason: 'SourceUnavailable',
    message: expect.stringMatching(/certificate/),
  });
  wary.close();
});

test('the last word is asked when the connection stands, on a new one as on one that was kept', async () => {
  const client = httpClient({ ca: certificate });
  let asked = 0;
  const beforeSend = (): void => void (asked += 1);
  for (let round = 1; round <= 2; round += 1) {
    const answer = await client.request({ ...request, method: 'POST', body: Buffer.from('x'), url, beforeSend });
    expect([answer.body.toString(), asked]).toEqual(['hello', round]);
  }
  const no = (): never => {
    throw new Error('not now');
  };
  await expect(client.request({ ...request, method: 'POST', url, beforeSend: no })).rejects.toThrow('not now');
  client.close();
});
