import type { Source } from '@fairlead/core/model';
import type { FileTree, MemorySource, SourceAccess } from '@fairlead/ports/source';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** An adapter under test and the server of one empty source with a branch `main`. */
export interface OpenedSource extends MemorySource {
  /** What the server wants to see. */
  readonly access?: SourceAccess;
  close(): Promise<void>;
}

/** Makes adapters for the suite. */
export interface SourceHarness {
  open(): Promise<OpenedSource>;
}

type Current = () => OpenedSource;

/** What every adapter for versioned sources promises; run against the fake and each adapter. */
export function sourceContract(name: string, harness: SourceHarness): void {
  describe(`source contract: ${name}`, () => {
    let opened: OpenedSource;
    beforeEach(async () => {
      opened = await harness.open();
    });
    afterEach(async () => {
      await opened.close();
    });
    heads(() => opened);
    trees(() => opened);
    revisions(() => opened);
    pins(() => opened);
    changes(() => opened);
    troubles(() => opened);
  });
}

function texts(files: FileTree): Record<string, string> {
  return Object.fromEntries([...files].map(([path, file]) => [path, Buffer.from(file.bytes).toString('utf8')]));
}

async function fetched(current: Current, source: Source) {
  const { adapter, access = {} } = current();
  const { head } = await adapter.check(source, access);
  return await adapter.fetch(source, { ...access, head });
}

const missing = '0123456789012345678901234567890123456789';

function heads(current: Current): void {
  test('a branch, a tag, a range of tags and a commit name a head', async () => {
    const { adapter, server, source, access = {} } = current();
    const first = await server.commit({ files: { a: '1' } });
    await server.tag('v1.2.0', first);
    await server.tag('nightly', first);
    const second = await server.commit({ files: { a: '2' } });
    await server.tag('v1.10.0', second);
    const third = await server.commit({ files: { a: '3' } });
    expect(await adapter.check(source(), access)).toEqual({ head: third });
    expect(await adapter.check(source({ ref: { tag: 'nightly' } }), access)).toEqual({
      head: first,
      version: 'nightly',
    });
    expect(await adapter.check(source({ ref: { semver: '>=1' } }), access)).toEqual({
      head: second,
      version: 'v1.10.0',
    });
    expect((await adapter.check(source({ ref: { commit: first } }), access)).head).toBe(first);
    for (const ref of [{ tag: 'nightly' }, { semver: '>=1' }, { commit: first }]) {
      const { head } = await adapter.check(source({ ref }), access);
      expect((await adapter.fetch(source({ ref }), { ...access, head })).head).toBe(head);
    }
  });

  test('a ref that is not there is not found', async () => {
    const { adapter, server, source, access = {} } = current();
    await expect(adapter.check(source(), access)).rejects.toMatchObject({ reason: 'SourceNotFound' });
    await expect(adapter.fetch(source(), { ...access, head: missing })).rejects.toMatchObject({
      reason: 'SourceNotFound',
    });
    await server.commit({ files: { a: '1' } });
    for (const ref of [{ branch: 'mains' }, { branch: 'mai' }, { tag: 'v1' }, { semver: '>=1' }]) {
      await expect(adapter.check(source({ ref }), access)).rejects.toMatchObject({ reason: 'SourceNotFound' });
    }
  });
}

function trees(current: Current): void {
  test('files come from the root only, by their path in the repository', async () => {
    const { server, source } = current();
    await server.commit({
      files: { 'deploy/base/a.yaml': 'a', 'deploy/prod/k.yaml': 'k', 'deployed.txt': 'd', 'src/main.ts': 's' },
    });
    const all = { 'deploy/base/a.yaml': 'a', 'deploy/prod/k.yaml': 'k' };
    expect(texts((await fetched(current, source({ path: 'deploy' }))).files)).toEqual(all);
    expect(texts((await fetched(current, source({ root: 'deploy', path: 'deploy/prod' }))).files)).toEqual(all);
    expect(texts((await fetched(current, source({ path: './deploy/prod/' }))).files)).toEqual({
      'deploy/prod/k.yaml': 'k',
    });
    expect(Object.keys(texts((await fetched(current, source())).files))).toHaveLength(4);
  });

  test('bytes and the executable bit are kept', async () => {
    const { server, source } = current();
    await server.commit({ files: { 'run.sh': { executable: '#!/bin/sh\n' }, 'empty.txt': '', 'crlf.txt': 'a\r\nä' } });
    const { files } = await fetched(current, source());
    expect([...files].map(([path, file]) => [path, file.executable])).toEqual([
      ['crlf.txt', false],
      ['empty.txt', false],
      ['run.sh', true],
    ]);
    expect(texts(files)['crlf.txt']).toBe('a\r\nä');
  });

  test('a path that is not there, or no longer is, is not found', async () => {
    const { server, source } = current();
    await server.commit({ files: { 'deploy/a.yaml': 'a', 'b.yaml': 'b' } });
    await expect(fetched(current, source({ path: 'nowhere' }))).rejects.toMatchObject({ reason: 'SourceNotFound' });
    await expect(fetched(current, source({ root: 'deploy', path: 'deploy/prod' }))).rejects.toMatchObject({
      reason: 'SourceNotFound',
    });
    await fetched(current, source({ path: 'deploy' }));
    await server.commit({ files: { 'deploy/a.yaml': null } });
    await expect(fetched(current, source({ path: 'deploy' }))).rejects.toMatchObject({ reason: 'SourceNotFound' });
    await server.commit({ files: { 'b.yaml': null } });
    await expect(fetched(current, source())).rejects.toMatchObject({ reason: 'SourceNotFound' });
  });
}

function revisions(current: Current): void {
  test('the revision is the commit since which the files under the root are the same', async () => {
    const { server, source } = current();
    const deploy = source({ path: 'deploy' });
    const first = await server.commit({ files: { 'deploy/a.yaml': '1', 'src/x': '0' } });
    expect((await fetched(current, deploy)).revision).toBe(first);
    expect((await fetched(current, deploy)).authors).toEqual([{ name: 'Ada', email: 'ada@example.com' }]);
    let head = first;
    for (let index = 1; index <= 5; index += 1) head = await server.commit({ files: { 'src/x': `${index}` } });
    expect(await fetched(current, deploy)).toMatchObject({ head, revision: first });
    const changed = await server.commit({ files: { 'deploy/a.yaml': '2' } });
    expect((await fetched(current, deploy)).revision).toBe(changed);
    const reverted = await server.commit({ files: { 'deploy/a.yaml': '1' } });
    expect((await fetched(current, deploy)).revision).toBe(reverted);
    expect((await fetched(current, source())).revision).toBe(reverted);
    expect((await fetched(current, source({ path: 'src' }))).revision).toBe(head);
  });

  test('the first commit may be the revision, however far back', async () => {
    const { server, source } = current();
    const first = await server.commit({ files: { 'deploy/a.yaml': '1' } });
    for (let index = 0; index < 40; index += 1) await server.commit({ files: { 'src/x': `${index}` } });
    expect((await fetched(current, source({ path: 'deploy' }))).revision).toBe(first);
  });
}

function pins(current: Current): void {
  test('the files of an older revision are fetched, however far the branch went on', async () => {
    const { adapter, server, source, access = {} } = current();
    const first = await server.commit({ files: { 'deploy/a.yaml': '1' } });
    for (let index = 0; index < 20; index += 1) await server.commit({ files: { 'deploy/a.yaml': `later ${index}` } });
    const deploy = source({ path: 'deploy' });
    expect(texts(await adapter.fetchRevision(deploy, { ...access, revision: first }))).toEqual({
      'deploy/a.yaml': '1',
    });
    await fetched(current, deploy);
    expect(texts(await adapter.fetchRevision(deploy, { ...access, revision: first }))).toEqual({
      'deploy/a.yaml': '1',
    });
  });

  test('a revision that is nowhere is gone', async () => {
    const { adapter, server, source, access = {} } = current();
    await server.commit({ files: { a: '1' } });
    for (const revision of [missing, 'v1', '']) {
      await expect(adapter.fetchRevision(source(), { ...access, revision })).rejects.toMatchObject({
        reason: 'RevisionGone',
      });
    }
  });
}

function changes(current: Current): void {
  const told = async (source: Source, request: { from: string; to: string; most?: number }) => {
    const { adapter, access = {} } = current();
    const found = await adapter.changes(source, { most: 50, ...access, ...request });
    return { ...found, commits: found.commits.map(({ commit }) => commit) };
  };

  test('the commits between two revisions are told newest first, as far as they changed the root', async () => {
    const { adapter, server, source, access = {} } = current();
    const first = await server.commit({ files: { 'deploy/a.yaml': '1' } });
    const second = await server.commit({ files: { 'deploy/a.yaml': '2' }, message: 'Fix the till\n\nIt rang twice.' });
    await server.commit({ files: { 'src/x': '1' } });
    const third = await server.commit({ files: { 'deploy/b.yaml': '1' } });
    const deploy = source({ path: 'deploy' });
    const whole = { more: false, reached: true, back: false };
    expect(await told(deploy, { from: first, to: third })).toEqual({ commits: [third, second], ...whole });
    expect((await told(source(), { from: first, to: third })).commits).toHaveLength(3);
    expect(await told(deploy, { from: third, to: third })).toEqual({ commits: [], ...whole });
    const { commits } = await adapter.changes(deploy, { ...access, from: first, to: second, most: 50 });
    expect(commits).toEqual([
      {
        commit: second,
        subject: 'Fix the till',
        author: { name: 'Ada', email: 'ada@example.com' },
        timeMs: expect.any(Number),
      },
    ]);
  });

  test('no more commits are told than were asked for, and that there are more', async () => {
    const { server, source } = current();
    const first = await server.commit({ files: { a: '0' } });
    const later: string[] = [];
    for (let index = 1; index <= 20; index += 1) later.unshift(await server.commit({ files: { a: `${index}` } }));
    const [newest = ''] = later;
    const request = { from: first, to: newest };
    expect(await told(source(), { ...request, most: 5 })).toEqual({
      commits: later.slice(0, 5),
      more: true,
      reached: true,
      back: false,
    });
    expect(await told(source(), { ...request, most: 20 })).toMatchObject({ commits: later, more: false });
  });

  test('a return to an older revision tells what was taken out', async () => {
    const { server, source } = current();
    const first = await server.commit({ files: { a: '1' } });
    const second = await server.commit({ files: { a: '2' } });
    const third = await server.commit({ files: { a: '3' } });
    const answer = { commits: [third, second], more: false, reached: false, back: true };
    expect(await told(source(), { from: third, to: first })).toEqual(answer);
  });

  test('after a rewrite the commits are those since the two revisions parted', async () => {
    const { server, source } = current();
    const first = await server.commit({ files: { a: '1' } });
    const lost = await server.commit({ files: { a: '2' } });
    await fetched(current, source());
    const anew = await server.commit({ files: { a: '3' }, parent: first });
    const answer = { commits: [anew], more: false, reached: false, back: false };
    expect(await told(source(), { from: lost, to: anew })).toEqual(answer);
  });

  test('from a revision that is nowhere the newest commits are told, and of one that is nowhere none', async () => {
    const { adapter, server, source, access = {} } = current();
    const first = await server.commit({ files: { a: '1' } });
    const second = await server.commit({ files: { a: '2' } });
    for (const from of [missing, 'v1']) {
      const answer = { commits: [second, first], more: true, reached: false, back: false };
      expect(await told(source(), { from, to: second })).toEqual(answer);
    }
    for (const to of [missing, 'v1', '']) {
      const asked = adapter.changes(source(), { ...access, from: first, to, most: 50 });
      await expect(asked).rejects.toMatchObject({ reason: 'RevisionGone' });
    }
  });
}

function troubles(current: Current): void {
  test('a server that is down, refuses the credentials or has lost the branch is told apart', async () => {
    const { adapter, server, source, access = {} } = current();
    const head = await server.commit({ files: { a: '1' } });
    await fetched(current, source());
    const all = async (reason: string) => {
      await expect(adapter.check(source(), access)).rejects.toMatchObject({ reason, retry: 'backoff' });
      await expect(adapter.fetch(source(), { ...access, head })).rejects.toMatchObject({ reason });
    };
    // Of what is here already nothing is told either.
    const changes = async (reason: string) =>
      expect(adapter.changes(source(), { ...access, from: head, to: head, most: 1 })).rejects.toMatchObject({ reason });
    server.down(true);
    await all('SourceUnavailable');
    await changes('SourceUnavailable');
    await expect(adapter.fetchRevision(source(), { ...access, revision: head })).rejects.toMatchObject({
      reason: 'SourceUnavailable',
    });
    server.down(false);
    server.refuseCredentials(true);
    await all('SourceRejected');
    await changes('SourceRejected');
    await expect(adapter.fetchRevision(source(), { ...access, revision: head })).rejects.toMatchObject({
      reason: 'SourceRejected',
    });
    server.refuseCredentials(false);
    await server.deleteBranch();
    await all('SourceNotFound');
    await server.commit({ files: { a: '2' } });
    expect(texts((await fetched(current, source())).files)).toEqual({ a: '2' });
  });

  test('a call can be ended', async () => {
    const { adapter, server, source, access = {} } = current();
    const head = await server.commit({ files: { a: '1' } });
    const signal = AbortSignal.abort();
    await expect(adapter.check(source(), { ...access, signal })).rejects.toMatchObject({ code: 'Aborted' });
    await expect(adapter.fetch(source(), { ...access, signal, head })).rejects.toMatchObject({ code: 'Aborted' });
  });
}
