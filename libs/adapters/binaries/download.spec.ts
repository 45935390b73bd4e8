import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { type BinarySpec, binarySpec, type Release } from './catalogue.ts';
import { checksumOf, createDownload } from './download.ts';

let folder: string;
let server: Server;
let base: string;
let files: Map<string, Buffer>;
let asked: string[];
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-download-'));
  files = new Map();
  asked = [];
  lines = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = files.get(request.url ?? '');
    response.writeHead(body ? 200 : 404).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const log = (line: string): void => void lines.push(line);

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function specOf(release: Release): BinarySpec {
  return { ...binarySpec('etcd'), release };
}

async function tarball(member: string, content: string): Promise<Buffer> {
  const root = await mkdtemp(join(folder, 'tar-'));
  await mkdir(join(root, member, '..'), { recursive: true });
  await writeFile(join(root, member), content);
  return execFileSync('tar', ['-czf', '-', '-C', root, member]);
}

test('a bare program is verified, made executable and put in place', async () => {
  const program = Buffer.from('#!/bin/sh\n');
  files.set('/etcd', program).set('/etcd.sha256', Buffer.from(`${sha256(program)}\n`));
  const destination = join(folder, 'etcd-v1');
  const spec = specOf({ url: `${base}/etcd`, checksumUrl: `${base}/etcd.sha256` });
  expect(await createDownload({ log })(spec, destination)).toBe(true);
  expect(await readFile(destination)).toEqual(program);
  expect((await stat(destination)).mode & 0o777).toBe(0o755);
  expect(await readdir(folder)).toEqual(['etcd-v1']);
});

test('a program inside an archive is taken out of it', async () => {
  const archive = await tarball('etcd-linux/etcd', 'the program');
  files
    .set('/etcd.tar.gz', archive)
    .set('/SUMS', Buffer.from(`${'0'.repeat(64)}  other.tar.gz\n${sha256(archive)}  etcd.tar.gz\n`));
  const destination = join(folder, 'etcd-v1');
  const release = { url: `${base}/etcd.tar.gz`, checksumUrl: `${base}/SUMS`, member: 'etcd-linux/etcd' };
  expect(await createDownload({ log })(specOf(release), destination)).toBe(true);
  expect(await readFile(destination, 'utf8')).toBe('the program');
});

test('what does not have the published checksum is not used, and leaves nothing behind', async () => {
  files.set('/etcd', Buffer.from('something else')).set('/etcd.sha256', Buffer.from('a'.repeat(64)));
  const spec = specOf({ url: `${base}/etcd`, checksumUrl: `${base}/etcd.sha256` });
  expect(await createDownload({ log })(spec, join(folder, 'etcd-v1'))).toBe(false);
  expect(lines).toEqual([expect.stringContaining(`its project publishes ${'a'.repeat(64)}; not used`)]);
  expect(await readdir(folder)).toEqual([]);
});

test('without a checksum nothing is downloaded', async () => {
  files.set('/etcd', Buffer.from('x')).set('/SUMS', Buffer.from(`${'b'.repeat(64)}  other\n`));
  const download = createDownload({ log });
  expect(await download(specOf({ url: `${base}/etcd`, checksumUrl: `${base}/SUMS` }), join(folder, 'etcd'))).toBe(
    false,
  );
  expect(await download(specOf({ url: `${base}/etcd`, checksumUrl: `${base}/missing` }), join(folder, 'etcd'))).toBe(
    false,
  );
  expect(asked).toEqual(['/SUMS', '/missing']);
});

test('an archive without the program fails that download', async () => {
  const archive = await tarball('README', 'no program');
  files.set('/etcd.tar.gz', archive).set('/SUMS', Buffer.from(sha256(archive)));
  const release = { url: `${base}/etcd.tar.gz`, checksumUrl: `${base}/SUMS`, member: 'etcd' };
  expect(await createDownload({ log })(specOf(release), join(folder, 'etcd-v1'))).toBe(false);
  expect(lines).toEqual([expect.stringContaining('tar found no etcd')]);
});

test('a host that cannot be reached switches downloads off for the rest of the run', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const nowhere = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  closed.close();
  await once(closed, 'close');
  const download = createDownload({ log });
  expect(await download(specOf({ url: `${nowhere}/etcd`, checksumUrl: `${nowhere}/SUMS` }), join(folder, 'etcd'))).toBe(
    false,
  );
  expect(await download(specOf({ url: `${base}/etcd`, checksumUrl: `${base}/SUMS` }), join(folder, 'etcd'))).toBe(
    false,
  );
  expect(asked).toEqual([]);
  expect(lines).toHaveLength(1);
});

test('a host that never answers is given up after the time-out', async () => {
  server.removeAllListeners('request');
  const download = createDownload({ log, answerTimeoutMs: 20 });
  expect(await download(specOf({ url: `${base}/etcd`, checksumUrl: `${base}/SUMS` }), join(folder, 'etcd'))).toBe(
    false,
  );
  expect(lines).toEqual(['etcd: no download (no answer in 20 ms)']);
});

test.each([
  ['a list', `${'1'.repeat(64)}  a\n${'2'.repeat(64)}  b\n`, '2'.repeat(64)],
  ['a list of binary files', `${'2'.repeat(64)} *b\n`, '2'.repeat(64)],
  ['a bare digest', `${'3'.repeat(64)}\n`, '3'.repeat(64)],
  ['a list without the file', `${'1'.repeat(64)}  a\n`, undefined],
  ['a page that is no list', '<html>sign in</html>', undefined],
  ['nothing', '', undefined],
])('the checksum of b in %s', (_, list, expected) => {
  expect(checksumOf('b', list)).toBe(expected);
});
