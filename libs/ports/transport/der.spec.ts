import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys } from '@fairlead/adapters/pki';
import { expect, test } from 'vitest';
import { publicKeyInfo } from './der.ts';

test('the key that is cut out of a certificate is the one that OpenSSL exports', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-der-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: Date.now });
  const agent = await makeCsr(await newAgentKey(), 'one' as ClusterName);
  const { certificatePem } = await keys.issueClient(agent, 'one' as ClusterName);
  for (const pem of [certificatePem, keys.caPem, (await keys.server()).certificatePem]) {
    const certificate = new X509Certificate(pem);
    const exported = certificate.publicKey.export({ format: 'der', type: 'spki' });
    expect(Buffer.compare(publicKeyInfo(certificate.raw), exported)).toBe(0);
  }
  await rm(folder, { recursive: true });
});
