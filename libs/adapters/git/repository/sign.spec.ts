import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import git from 'isomorphic-git';
import fs from 'node:fs';
import { utils, type ParsedKey } from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGitRepository } from '../index.ts';
import { signSsh } from './sign.ts';

let server: GitServer;
let folder: string;

beforeAll(async () => {
  server = await startGitServer();
  folder = await mkdtemp(join(tmpdir(), 'fairlead-signing-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The fields of an SSH signature, and what was signed by it. */
function opened(armored: string) {
  const blob = Buffer.from(armored.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  expect(blob.subarray(0, 10)).toEqual(Buffer.from('SSHSIG\0\0\0\u0001'));
  const fields = fieldsOf(blob.subarray(10));
  const [, namespace, reserved, hash] = fields.map(String);
  const [algorithm, signature] = fieldsOf(fields[4] ?? Buffer.alloc(0));
  return { key: fields[0], namespace, reserved, hash, algorithm: String(algorithm), signature };
}

function fieldsOf(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at))
    fields.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)));
  return fields;
}

/** A commit's text without its signature, and that. */
function parted(commit: string): { armored: string; payload: string } {
  const header = /^gpgsig (.*(?:\n .*)*)\n/m;
  return { armored: (header.exec(commit)?.[1] ?? '').replace(/\n /g, '\n'), payload: commit.replace(header, '') };
}

const string = (value: string | Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(value)]);
};

function signedBytes(payload: string): Buffer {
  const digest = createHash('sha512').update(payload).digest();
  return Buffer.concat([Buffer.from('SSHSIG'), ...['git', '', 'sha512', digest].map((value) => string(value))]);
}

test.each([
  ['ed25519', 'ssh-ed25519', undefined],
  ['rsa', 'rsa-sha2-512', 'sha512'],
] as const)(
  'commits are signed with a key of the type %s, and the signature is of what they say',
  async (type, algorithm, hash) => {
    const pair =
      type === 'rsa' ? utils.generateKeyPairSync('rsa', { bits: 2048 }) : utils.generateKeyPairSync('ed25519');
    const keyFile = join(folder, type);
    await writeFile(keyFile, pair.private, { mode: 0o600 });
    const url = await server.createRepository(`fleet-${type}`);
    await server.commit(`fleet-${type}`, { files: { a: '1' }, message: 'First' });
    const copy = join(folder, `copy-${type}`);
    const repository = await openGitRepository({
      url,
      branch: 'main',
      folder: copy,
      signingKey: () => readFile(keyFile, 'utf8'),
    });
    const head = await repository.fetch();
    const files = new Map([['ledger/hub.yaml', 'kind: Hub\n']]);
    const author = { name: 'Ada', email: 'ada@example.com' };
    const pushed = await repository.push(head, [{ message: 'Signed\n\nFairlead-Reason: größer\n', files, author }]);
    const oid = pushed.pushed ? (pushed.commits[0] ?? '') : '';
    repository.close();
    const again = await openGitRepository({ url, branch: 'main', folder: join(folder, `again-${type}`) });
    expect(await again.fetch()).toBe(oid);
    again.close();
    const gitdir = fs.globSync(join(folder, `again-${type}`, '**', 'objects'))[0]?.replace(/\/objects$/, '') ?? '';
    const { object } = await git.readObject({ fs, gitdir, oid, format: 'content' });
    const { armored, payload } = parted(Buffer.from(object as Uint8Array).toString());
    const seen = opened(armored);
    expect(seen).toMatchObject({ namespace: 'git', reserved: '', hash: 'sha512', algorithm });
    const key = utils.parseKey(pair.public) as ParsedKey;
    expect(seen.key).toEqual(key.getPublicSSH());
    expect(key.verify(signedBytes(payload), seen.signature ?? Buffer.alloc(0), hash)).toBe(true);
    expect(key.verify(signedBytes(`${payload} `), seen.signature ?? Buffer.alloc(0), hash)).toBe(false);
    expect(payload).toContain('größer');
  },
);

test.each([
  ['nothing', 'Unsupported key format'],
  [utils.generateKeyPairSync('ed25519').public, 'it is a public key'],
  [utils.generateKeyPairSync('ecdsa', { bits: 256 }).private, 'it is of the type ecdsa-sha2-nistp256'],
])('a key that cannot be used is refused, and nothing of it is said', async (key, why) => {
  await expect(signSsh(Buffer.from('x'), key)).rejects.toThrow(
    `Cannot sign commits with the key that was given: ${why}.`,
  );
});
