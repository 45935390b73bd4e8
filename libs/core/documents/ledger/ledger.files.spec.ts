import type { CommitSha, Digest, Member, ReleaseFile } from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ledgerFile, parseLedgerFile, readLedger } from './read.ts';
import { writeHub, writeMember, writeReleaseFile } from './write.ts';

const digest = `sha256:${'1'.repeat(64)}` as Digest;
const commit = '7'.repeat(40) as CommitSha;
const release: ReleaseFile = {
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'Release',
  metadata: { name: 'podinfo', team: 'web', environment: 'prod' },
  spec: {
    version: '6.9',
    digest,
    definition: { repository: 'https://git.example.com/fleet', commit },
    sources: { main: { revision: '12e3456789012345678901234567890123456789', digest } },
    renderer: { kustomize: '5.8.2' },
  },
};
const path = 'ledger/prod/web/podinfo.yaml';

function read(text: string, at = path) {
  return parseLedgerFile({ path: at, text }, { ledgerPath: 'ledger' });
}

describe('ledger files', () => {
  it('are read as they were written, however numeric a text looks', () => {
    const hex = fc.stringMatching(/^[0-9a-e]{40}$/);
    const text = fc.stringMatching(/^[!-~ ]{1,40}$/);
    const files = fc.record({
      version: text,
      revision: hex,
      fallback: hex,
      hold: fc.record({ by: text, reason: text }),
    });
    fc.assert(
      fc.property(files, ({ revision, ...parts }) => {
        const spec = {
          ...release.spec,
          ...parts,
          sources: { main: { revision, digest } },
        } as unknown as ReleaseFile['spec'];
        expect(read(writeReleaseFile({ ...release, spec }))).toMatchObject({ problems: [], value: { spec } });
      }),
    );
  });

  it('keep comments, order and style of what stays', () => {
    const before = `# why we are here\n${writeReleaseFile(release).replace('version: "6.9"', 'version: "6.9" # the good one')}`;
    const hold = { by: 'ada', reason: 'incident 4711' };
    const after = writeReleaseFile({ ...release, spec: { ...release.spec, hold } }, before);
    expect(after).toBe(`${before}  hold:\n    by: ada\n    reason: incident 4711\n`);
    expect(writeReleaseFile(release, after)).toBe(before);
    expect(writeReleaseFile(release, before)).toBe(before);
  });

  it('keep what is said of an item of a list that grows', () => {
    const rejected = [{ digest, reason: 'Halted' }];
    const before = writeReleaseFile({ ...release, spec: { ...release.spec, rejected } }).replace(
      'reason: Halted',
      'reason: Halted # by the canary',
    );
    const after = writeReleaseFile(
      { ...release, spec: { ...release.spec, rejected: [...rejected, { digest, reason: 'RolledBack' }] } },
      before,
    );
    expect(after).toContain('reason: Halted # by the canary');
    expect(read(after)).toMatchObject({ problems: [], value: { spec: { rejected: { length: 2 } } } });
    expect(writeReleaseFile({ ...release, spec: { ...release.spec, rejected } }, after)).toBe(before);
  });

  it('are written anew where the text before is broken', () => {
    expect(writeReleaseFile(release, 'a: [')).toBe(writeReleaseFile(release));
  });

  it('must stand where they say they belong', () => {
    const text = writeReleaseFile(release);
    expect(read(text, 'ledger/dev/web/podinfo.yaml').problems[0]?.message).toContain(
      "dev/web/podinfo.yaml:6: metadata.environment is prod, and the file's path says dev",
    );
    expect(read(text, 'ledger/clusters/podinfo.yaml').problems[0]?.message).toContain('kind must be Member');
    expect(read(text, 'ledger/notes.yaml').problems[0]?.message).toContain(
      'it is neither ENVIRONMENT/TEAM/APPLICATION.yaml',
    );
    expect(read(`${text}---\n${text}`).problems[0]?.message).toContain('holds 2 documents');
  });

  it('join into members, releases and the epoch', () => {
    const member: Member = {
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'Member',
      metadata: { name: 'shop-1' },
      spec: { labels: { env: 'on', note: '007' }, key: digest, kubernetes: 'v1.36.1' },
    };
    const files = [
      { path, text: writeReleaseFile(release) },
      { path: ledgerFile('ledger', { kind: 'Member', name: 'shop-1' }), text: writeMember(member) },
      {
        path: 'ledger/hub.yaml',
        text: writeHub({
          apiVersion: 'fairlead.dev/v1alpha1',
          kind: 'Hub',
          metadata: { name: 'hub' },
          spec: { epoch: 3 },
        }),
      },
      { path: 'apps/a.yaml', text: 'not: ours' },
    ];
    const ledger = readLedger(files);
    expect(ledger).toMatchObject({ epoch: 3, problems: [] });
    expect(ledger.members.get('shop-1')).toEqual(member);
    expect(ledger.releases.get('prod/web/podinfo')).toEqual(release);
  });

  it('never read a broken file as an absent one', () => {
    const ledger = readLedger([
      { path, text: 'kind: Release' },
      { path: 'ledger/clusters/shop-1.yaml', text: '[' },
      { path: 'ledger/hub.yaml', text: 'spec: { epoch: none }' },
    ]);
    expect(ledger.epoch).toBeUndefined();
    expect([...ledger.brokenReleases]).toEqual(['prod/web/podinfo']);
    expect([...ledger.brokenMembers]).toEqual(['shop-1']);
    expect(ledger.problems.length).toBeGreaterThanOrEqual(3);
    expect(readLedger([]).epoch).toBe(0);
  });
});
