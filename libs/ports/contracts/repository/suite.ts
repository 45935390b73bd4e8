import { FairleadError, type CommitSha } from '@fairlead/core/model';
import type { MemoryServer, Repository, RepositoryCommit } from '@fairlead/ports/repository';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A repository under test and the server's side of it, whose branch does not exist yet. */
export interface OpenedRepository {
  readonly repository: Repository;
  readonly server: MemoryServer;
  close(): Promise<void>;
}

/** Makes repositories for the suite. */
export interface RepositoryHarness {
  open(): Promise<OpenedRepository>;
}

type Current = () => OpenedRepository;

/** What every repository promises; run against the fake and each adapter. */
export function repositoryContract(name: string, harness: RepositoryHarness): void {
  describe(`repository contract: ${name}`, () => {
    let opened: OpenedRepository;
    beforeEach(async () => {
      opened = await harness.open();
    });
    afterEach(async () => {
      await opened.close();
    });
    reading(() => opened);
    histories(() => opened);
    pushes(() => opened);
    proposals(() => opened);
    conflicts(() => opened);
    troubles(() => opened);
  });
}

async function all(commits: AsyncIterable<RepositoryCommit>): Promise<RepositoryCommit[]> {
  const list: RepositoryCommit[] = [];
  for await (const commit of commits) list.push(commit);
  return list;
}

function draft(message: string, files: Record<string, string | null> = {}) {
  return { message, files: new Map(Object.entries(files)) };
}

function reading(current: Current): void {
  test('the head is told without a fetch, and files are read after one', async () => {
    const { repository, server } = current();
    const first = await server.commit({ files: { 'fleet.yaml': 'kind: Fleet\n' }, message: 'First' });
    expect(await repository.remoteHead()).toBe(first);
    await expect(repository.files(first)).rejects.toMatchObject({ reason: 'HistoryIncomplete' });
    expect(await repository.fetch()).toBe(first);
    expect(await repository.files(first)).toMatchObject([{ path: 'fleet.yaml', text: 'kind: Fleet\n' }]);
    const second = await server.commit({ files: { 'fleet.yaml': 'kind: Other\n' }, message: 'Second' });
    expect(await repository.remoteHead()).toBe(second);
    expect(await repository.fetch()).toBe(second);
    expect((await repository.file(second, 'fleet.yaml'))?.text).toBe('kind: Other\n');
    expect((await repository.file(first, 'fleet.yaml'))?.text).toBe('kind: Fleet\n');
  });

  test('files are YAML only, under a folder and without another', async () => {
    const { repository, server } = current();
    const files = {
      'a.yaml': 'a',
      'b.yml': 'b',
      'c.txt': 'c',
      'ledger/dev/x.yaml': 'x',
      'teams/web/y.yaml': 'a',
      'teamster.yaml': 't',
    };
    const head = await server.commit({ files, message: 'First' });
    await repository.fetch();
    const paths = async (options?: { under?: string; except?: string }) =>
      (await repository.files(head, options)).map((file) => file.path).sort();
    expect(await paths()).toEqual(['a.yaml', 'b.yml', 'ledger/dev/x.yaml', 'teams/web/y.yaml', 'teamster.yaml']);
    expect(await paths({ except: 'ledger' })).toEqual(['a.yaml', 'b.yml', 'teams/web/y.yaml', 'teamster.yaml']);
    expect(await paths({ under: 'teams' })).toEqual(['teams/web/y.yaml']);
    expect(await paths({ under: 'nowhere' })).toEqual([]);
    expect(await paths({ under: '.', except: 'teams/web' })).toEqual([
      'a.yaml',
      'b.yml',
      'ledger/dev/x.yaml',
      'teamster.yaml',
    ]);
  });

  test('equal contents have one name, and one file is found by its path', async () => {
    const { repository, server } = current();
    const head = await server.commit({
      files: { 'a.yaml': 'same', 'd/b.yaml': 'same', 'c.yaml': 'other', 'd/e.txt': 'text' },
      message: 'First',
    });
    await repository.fetch();
    const oids = new Map((await repository.files(head)).map((file) => [file.path, file.oid]));
    expect(oids.get('a.yaml')).toBe(oids.get('d/b.yaml'));
    expect(oids.get('a.yaml')).not.toBe(oids.get('c.yaml'));
    expect((await repository.file(head, 'd/e.txt'))?.text).toBe('text');
    expect(await repository.file(head, 'd')).toBeUndefined();
    expect(await repository.file(head, 'd/none.yaml')).toBeUndefined();
  });
}

function histories(current: Current): void {
  test('history names each commit with what it changed, newest first', async () => {
    const { repository, server } = current();
    const message =
      'Promote podinfo\n\nSome words.\n\nFairlead-From: staging\nFairlead-Gates: soak=5m ok, approval=ada\n';
    const first = await server.commit({
      files: { 'a.yaml': '1', 'd/b.yaml': '1', 'e/f/g.yaml': '1' },
      message: 'First',
    });
    const second = await server.commit({ files: { 'd/b.yaml': '2', 'a.yaml': null }, message });
    await repository.fetch();
    const list = await all(repository.history(second));
    expect(list.map((commit) => commit.commit)).toEqual([second, first]);
    expect(list[0]).toMatchObject({
      parents: [first],
      author: { name: 'Ada', email: 'ada@example.com' },
      message,
      trailers: [
        ['Fairlead-From', 'staging'],
        ['Fairlead-Gates', 'soak=5m ok, approval=ada'],
      ],
      changed: ['a.yaml', 'd/b.yaml'],
    });
    expect(list[1]).toMatchObject({ parents: [], trailers: [], changed: ['a.yaml', 'd/b.yaml', 'e/f/g.yaml'] });
    expect(list[0]?.timeMs).toBeGreaterThanOrEqual(list[1]?.timeMs ?? Number.NaN);
  });

  test('history stops before a commit and at a limit', async () => {
    const { repository, server } = current();
    const commits: CommitSha[] = [];
    for (let index = 0; index < 5; index += 1)
      commits.push(await server.commit({ files: { 'a.yaml': `${index}` }, message: `${index}` }));
    const head = await repository.fetch();
    const names = async (options: { until?: CommitSha; limit?: number }) =>
      (await all(repository.history(head, options))).map((commit) => commit.message.trim());
    expect(await names({ until: commits[1] ?? head })).toEqual(['4', '3', '2']);
    expect(await names({ until: head })).toEqual([]);
    expect(await names({ limit: 2 })).toEqual(['4', '3']);
  });

  test('history follows first parents, descent follows all', async () => {
    const { repository, server } = current();
    const root = await server.commit({ files: { 'a.yaml': '1' }, message: 'Root' });
    const side = await server.commit({ files: { 'side.yaml': '1' }, message: 'Side' });
    const main = await server.commit({ files: { 'a.yaml': '2' }, message: 'Main', parent: root });
    const merge = await server.commit({ files: { 'side.yaml': '1' }, message: 'Merge', merge: side });
    await repository.fetch();
    const list = await all(repository.history(merge));
    expect(list.map((commit) => commit.commit)).toEqual([merge, main, root]);
    expect(list[0]).toMatchObject({ parents: [main, side], changed: ['side.yaml'] });
    expect(await repository.descends(merge, side)).toBe(true);
    expect(await repository.descends(merge, root)).toBe(true);
    expect(await repository.descends(merge, merge)).toBe(true);
    expect(await repository.descends(main, side)).toBe(false);
    expect(await repository.descends(root, merge)).toBe(false);
  });

  test('a rewritten branch does not descend from what was seen before', async () => {
    const { repository, server } = current();
    const root = await server.commit({ files: { 'a.yaml': '1' }, message: 'Root' });
    const old = await server.commit({ files: { 'a.yaml': '2' }, message: 'Old' });
    await repository.fetch();
    const rewritten = await server.commit({ files: { 'a.yaml': '3' }, message: 'Instead', parent: root });
    expect(await repository.fetch()).toBe(rewritten);
    expect(await repository.descends(rewritten, old)).toBe(false);
    expect(await repository.descends(rewritten, root)).toBe(true);
    const anew = await server.commit({ files: { 'b.yaml': '1' }, message: 'Anew', parent: null });
    expect(await repository.fetch()).toBe(anew);
    expect(await repository.descends(anew, root)).toBe(false);
    expect((await repository.files(anew)).map((file) => file.path)).toEqual(['b.yaml']);
  });
}

function pushes(current: Current): void {
  test('several commits go up in one push, and what they do not touch stays', async () => {
    const { repository, server } = current();
    await server.commit({
      files: { 'fleet.yaml': 'f', 'ledger/dev/web/old.yaml': 'o', 'x/y.txt': 'y' },
      message: 'First',
    });
    const base = await repository.fetch();
    const author = { name: 'Grace', email: 'grace@example.com' };
    const drafts = [
      {
        ...draft('Promote\n\nFairlead-From: dev', {
          'ledger/prod/web/podinfo.yaml': 'p',
          'ledger/dev/web/old.yaml': null,
        }),
        author,
      },
      draft('Hold', { 'ledger/prod/web/podinfo.yaml': 'q' }),
      draft('Acknowledge\n\nFairlead-Acknowledge: Selector prod'),
    ];
    const result = await repository.push(base, drafts);
    if (!result.pushed) throw new Error('the push lost a race with nobody');
    const head = result.commits.at(-1);
    expect(result.commits).toHaveLength(3);
    expect(await repository.remoteHead()).toBe(head);
    expect(await repository.fetch()).toBe(head);
    const list = await all(repository.history(head ?? base, { until: base }));
    expect(list.map((commit) => commit.changed)).toEqual([
      [],
      ['ledger/prod/web/podinfo.yaml'],
      ['ledger/dev/web/old.yaml', 'ledger/prod/web/podinfo.yaml'],
    ]);
    expect(list[2]).toMatchObject({ author, parents: [base], trailers: [['Fairlead-From', 'dev']] });
    expect(list[1]?.author.name).toBe('Fairlead hub');
    const files = await repository.files(head ?? base);
    expect(files.map((file) => [file.path, file.text])).toEqual([
      ['fleet.yaml', 'f'],
      ['ledger/prod/web/podinfo.yaml', 'q'],
    ]);
    expect((await repository.file(head ?? base, 'x/y.txt'))?.text).toBe('y');
  });

  test('a push of nothing is no push', async () => {
    const { repository, server } = current();
    const base = await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    await repository.fetch();
    expect(await repository.push(base, [])).toEqual({ pushed: true, commits: [] });
    expect(await repository.remoteHead()).toBe(base);
  });

  test('a push that is not permitted, or no more at the last moment, moves nothing', async () => {
    const { repository, server } = current();
    await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    const base = await repository.fetch();
    const drafts = [draft('Promote', { 'b.yaml': '2' })];
    const no = (): never => {
      throw new FairleadError('Cannot push: not now.', { code: 'Aborted', reason: 'NotLeading' });
    };
    for (const permit of [async () => no(), async () => no])
      await expect(repository.push(base, drafts, { permit })).rejects.toMatchObject({ reason: 'NotLeading' });
    expect(await repository.remoteHead()).toBe(base);
    expect(await repository.push(base, drafts, { permit: async () => () => undefined })).toMatchObject({
      pushed: true,
    });
  });

  test('a push on a head that moved asks nobody', async () => {
    const { repository, server } = current();
    await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    const base = await repository.fetch();
    await server.commit({ files: { 'a.yaml': '2' }, message: 'Other' });
    const permit = (): never => {
      throw new Error('asked');
    };
    const result = await repository.push(base, [draft('Promote', { 'b.yaml': '2' })], { permit });
    expect(result).toMatchObject({ pushed: false });
  });

  test('a protected branch refuses, and says so', async () => {
    const { repository, server } = current();
    await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    const base = await repository.fetch();
    await server.protect(true);
    await expect(repository.push(base, [draft('Promote', { 'b.yaml': '2' })])).rejects.toMatchObject({
      reason: 'LedgerUnwritable',
      message: expect.stringMatching(/protected branch/i),
    });
    expect(await repository.fetch()).toBe(base);
    await server.protect(false);
    expect(await repository.push(base, [draft('Promote', { 'b.yaml': '2' })])).toMatchObject({ pushed: true });
  });
}

function proposals(current: Current): void {
  test('a proposal goes to a branch of its own, and the branch that is read stays', async () => {
    const { repository, server } = current();
    const head = await server.commit({ files: { 'a.yaml': 'a: 1\n' }, message: 'First' });
    await repository.fetch();
    const branch = 'fairlead/prod/web/shop';
    const one = await repository.propose(head, { branch, draft: draft('Propose 1', { 'a.yaml': 'a: 2\n' }) });
    expect(await server.branch(branch)).toBe(one);
    expect(await repository.remoteHead()).toBe(head);
    expect((await repository.file(one, 'a.yaml'))?.text).toBe('a: 2\n');
  });

  test('another proposal takes its place, though it does not follow it', async () => {
    const { repository, server } = current();
    const head = await server.commit({ files: { 'a.yaml': 'a: 1\n' }, message: 'First' });
    await repository.fetch();
    const branch = 'fairlead/prod/web/shop';
    await repository.propose(head, { branch, draft: draft('Propose 1', { 'a.yaml': 'a: 2\n' }) });
    const pushed = await repository.push(head, [draft('Second', { 'b.yaml': 'b: 1\n' })]);
    const base = pushed.pushed ? (pushed.commits[0] as CommitSha) : head;
    const two = await repository.propose(base, { branch, draft: draft('Propose 2', { 'a.yaml': 'a: 3\n' }) });
    expect(await server.branch(branch)).toBe(two);
    expect(await repository.descends(two, base)).toBe(true);
    expect(await repository.remoteHead()).toBe(base);
  });
}

function conflicts(current: Current): void {
  test('a push on a head that moved changes nothing and names the new head', async () => {
    const { repository, server } = current();
    await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    const base = await repository.fetch();
    const other = await server.commit({ files: { 'a.yaml': '2' }, message: 'Other' });
    expect(await repository.push(base, [draft('Promote', { 'b.yaml': '2' })])).toEqual({ pushed: false, head: other });
    expect(await repository.fetch()).toBe(other);
    expect((await repository.files(other)).map((file) => file.path)).toEqual(['a.yaml']);
    expect(await repository.push(other, [draft('Again', { 'b.yaml': '2' })])).toMatchObject({ pushed: true });
  });

  test('a head that was taken back is not brought back by a push', async () => {
    const { repository, server } = current();
    const root = await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    await server.commit({ files: { 'a.yaml': '2' }, message: 'Mistake' });
    const base = await repository.fetch();
    await server.deleteBranch();
    const back = await server.commit({ files: {}, message: 'Taken back', parent: root });
    expect(await repository.push(base, [draft('Promote', { 'b.yaml': '2' })])).toEqual({ pushed: false, head: back });
  });

  test('of two pushes at once one wins', async () => {
    const { repository, server } = current();
    await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    const base = await repository.fetch();
    const results = await Promise.all([
      repository.push(base, [draft('One', { 'b.yaml': '1' })]),
      repository.push(base, [draft('Two', { 'b.yaml': '2' })]),
    ]);
    expect(results.filter((result) => result.pushed)).toHaveLength(1);
  });
}

function troubles(current: Current): void {
  test('a branch that does not exist, or no longer does, is not found', async () => {
    const { repository, server } = current();
    await expect(repository.remoteHead()).rejects.toMatchObject({ reason: 'SourceNotFound' });
    await expect(repository.fetch()).rejects.toMatchObject({ reason: 'SourceNotFound' });
    const head = await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    await repository.fetch();
    await server.deleteBranch();
    await expect(repository.remoteHead()).rejects.toMatchObject({ reason: 'SourceNotFound' });
    await expect(repository.fetch()).rejects.toMatchObject({ reason: 'SourceNotFound' });
    await expect(repository.push(head, [draft('Promote', { 'b.yaml': '1' })])).rejects.toMatchObject({
      reason: 'SourceNotFound',
    });
    expect((await repository.files(head)).map((file) => file.path)).toEqual(['a.yaml']);
  });

  test('a server that is down, or refuses the credentials, is told apart, and what is held stays readable', async () => {
    const { repository, server } = current();
    const head = await server.commit({ files: { 'a.yaml': '1' }, message: 'First' });
    await repository.fetch();
    server.down(true);
    await expect(repository.remoteHead()).rejects.toMatchObject({ reason: 'SourceUnavailable', retry: 'backoff' });
    await expect(repository.fetch()).rejects.toMatchObject({ reason: 'SourceUnavailable' });
    await expect(repository.push(head, [draft('Promote', { 'b.yaml': '1' })])).rejects.toMatchObject({
      reason: 'SourceUnavailable',
    });
    server.down(false);
    server.refuseCredentials(true);
    await expect(repository.fetch()).rejects.toMatchObject({ reason: 'SourceRejected' });
    await expect(repository.push(head, [draft('Promote', { 'b.yaml': '1' })])).rejects.toMatchObject({
      reason: 'SourceRejected',
    });
    server.refuseCredentials(false);
    expect(await repository.fetch()).toBe(head);
    expect((await repository.files(head)).map((file) => file.path)).toEqual(['a.yaml']);
  });
}
