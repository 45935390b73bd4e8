import { load } from 'js-yaml';
import { type AuditEntry, readAudit, until } from '@fairlead/testkit/kube';
import { followLedger, type LedgerCommit } from '../ledger.ts';
import type { Stage } from '../stage.ts';
import { span } from '../teller.ts';
import { imageIn, imageOf, isRolledOut, live, paths } from './shop.ts';

const definition = 'applications/shop.yaml';
const ledgerFile = 'ledger/prod/default/shop.yaml';
const broken = imageOf('broken');
const wholeTimeoutMs = 90_000;
const writing = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** Changes the override for prod alone: dev and staging run what they ran, so it reaches the canary at once. */
async function pushBroken({ git }: Stage): Promise<string> {
  const now = await git.git('fleet', 'show', `main:${definition}`);
  const containers = `{ spec: { replicas: 3, template: { spec: { containers: [{ name: shop, image: "${broken}" }] } } } }`;
  const next = now.replace('{ spec: { replicas: 3 } }', containers);
  return git.commit('fleet', { files: { [definition]: next }, message: 'Use the new build in prod' });
}

/** What touches the shop itself; the Events that tell its story beside it do not. */
function writesToShop(entry: AuditEntry): boolean {
  if (entry.objectRef?.resource === 'events') return false;
  return writing.includes(entry.verb) && entry.objectRef?.namespace === 'shop' && entry.user.includes('fairlead');
}

function tellLedger({ teller }: Stage, { sha, subject, trailers }: LedgerCommit): void {
  const why = trailers.filter((line) => /^Fairlead-(Reason|Gates):/.test(line)).join('  ');
  teller.fact(`ledger ${sha.slice(0, 8)}  ${subject}${why === '' ? '' : `  (${why})`}`);
}

/** A release that never gets healthy: it halts in the canary and is taken back, and the rest of prod never sees it. */
export async function haltBrokenRelease(stage: Stage): Promise<void> {
  const { teller, git, planes } = stage;
  const canary = planes['prod-canary'];
  const good = (await imageIn(canary)) ?? '';
  const restBefore = (await live(planes.prod, paths.deployment))?.metadata;
  const auditBefore = (await readAudit(planes.prod.auditLogPath, { where: writesToShop })).length;
  const commits: LedgerCommit[] = [];
  const endFollowing = await followLedger(git, (commit) => {
    commits.push(commit);
    tellLedger(stage, commit);
  });
  const startedAt = performance.now();
  const commit = await pushBroken(stage);
  teller.fact(`fleet ${commit.slice(0, 8)} is pushed: ${broken}, for prod alone`);
  await until(async () => (await imageIn(canary)) === broken, {
    what: 'the broken release to reach the canary',
    timeoutMs: wholeTimeoutMs,
  });
  teller.fact(`prod-canary was given it after ${span(performance.now() - startedAt)}; its new Pods never get ready`);
  await until(async () => isRolledOut(await live(canary, paths.deployment), good), {
    what: `the canary to run ${good} again`,
    timeoutMs: wholeTimeoutMs,
  });
  teller.fact(`prod-canary runs ${good} again after ${span(performance.now() - startedAt)}`);
  const ledger = await until(
    async () => {
      const text = await git.git('fleet', 'show', `main:${ledgerFile}`);
      return text.includes('rejected') ? text : undefined;
    },
    { what: 'the ledger to say that the release is rejected' },
  );
  await endFollowing();

  const ofProd = commits.filter(({ files }) => files.includes(ledgerFile));
  teller.expect('it was promoted by one ledger commit and taken back by another', ofProd.length >= 2);
  const [rejected] = (load(ledger) as { spec: { rejected: { digest: string; reason: string }[] } }).spec.rejected;
  teller.expect(
    `the ledger rejects ${rejected?.digest.slice(0, 15)}…: ${rejected?.reason}`,
    /^sha256:[0-9a-f]{64}$/.test(rejected?.digest ?? '') && rejected?.reason !== '',
  );
  const restAfter = (await live(planes.prod, paths.deployment))?.metadata;
  teller.expect(
    'the Deployment in the rest of prod is untouched: the same generation of the same object',
    restAfter?.uid === restBefore?.uid && restAfter?.generation === restBefore?.generation,
  );
  const writes = (await readAudit(planes.prod.auditLogPath, { where: writesToShop })).slice(auditBefore);
  teller.expect("the audit log of prod's API server has not one write to the shop meanwhile", writes.length === 0);
  for (const { verb, requestUri } of writes) teller.fact(`${verb} ${requestUri}`);
}
