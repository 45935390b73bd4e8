import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { startBrowser } from '@fairlead/testkit/browser';
import { bundleFolder, fleetFixture, hubFile, type Fleet } from '@fairlead/testkit/fleet';
import { until } from '@fairlead/testkit/kube';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { configMap, documents, manifests } from './documents.ts';

/** A machine that does other things too needs long for a hub's start, and for each step of a rollout. */
const timeoutMs = 120_000;
const budgetBytes = 130_000;
const narrow = { width: 360, height: 740 };
let fleet: Fleet;
let browser: Browser;
let page: Page;
/** What went wrong inside the page, and what it asked for. */
const complaints: string[] = [];
const addresses: string[] = [];

const files = (version: string) => ({ 'deploy/all.yaml': manifests(configMap('settings', { version })) });
const tokenOf = (person: string): string => `token-of-${person}`.padEnd(32, '.');

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: ['dev', 'prod'].map((name) => ({ name, labels: { env: name } })),
    repositories: { web: () => files('1'), fleet: (gitUrl) => ({ 'fairlead.yaml': fleetDocuments(gitUrl) }) },
  });
  for (const person of ['ada', 'grace']) {
    const file = hubFile(fleet.hub, `people/${person}`);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, tokenOf(person), { mode: 0o600 });
  }
  browser = await startBrowser();
  // The hub's authority is its own.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(timeoutMs);
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (line) => {
    // Chromium tells of each refusal by itself.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) complaints.push(line.text());
  });
  page.on('request', (request) => addresses.push(request.url()));
}, 240_000);
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await picture(`failed ${task.name}`);
});
afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
});

/** What Ada writes, Grace may approve; what is bad is so in prod alone. */
function fleetDocuments(gitUrl: string): string {
  const environment = (name: string, rollout: object = {}) => ({
    kind: 'Environment',
    name,
    spec: { clusters: { matchLabels: { env: name } }, rollout },
  });
  const where = {
    environment: 'prod',
    patches: [{ target: { kind: 'ConfigMap' }, patch: { data: { where: 'prod' } } }],
  };
  return documents(
    { kind: 'Fleet', name: 'harbour' },
    { kind: 'Team', name: 'keepers', spec: { serviceAccount: 'fairlead-keepers', approvers: ['ada', 'grace'] } },
    environment('dev'),
    environment('prod', { onFailure: 'Halt', progressDeadline: '2s' }),
    {
      kind: 'Application',
      name: 'web',
      spec: {
        source: { git: { url: `${gitUrl}/web.git`, path: 'deploy' } },
        namespace: 'web',
        health: [
          {
            target: { kind: 'ConfigMap' },
            healthy: 'object.data.version != "bad" || object.data.?where.orValue("") != "prod"',
          },
        ],
        overrides: [where],
        pipeline: [
          { environment: 'dev' },
          { environment: 'prod', gates: [{ approval: { count: 1, from: ['ada', 'grace'] } }] },
        ],
      },
    },
  );
}

/** Keeps a picture where FAIRLEAD_SCREENSHOTS names a folder. */
async function picture(name: string): Promise<void> {
  const folder = process.env['FAIRLEAD_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name.replaceAll(/\W+/g, '-')}.png`), fullPage: true });
}

async function signIn(token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Presses a button, answers what is asked then, and confirms. */
async function press(name: string, { reason = '' } = {}): Promise<void> {
  await page.getByRole('button', { name }).click();
  const dialog = page.getByRole('dialog');
  if (reason) await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name }).click();
}

/** As {@link press}, and confirms once more where the hub says no: one that has just started may not be able to yet. */
async function pressUntilTaken(name: string, { reason }: { reason: string }): Promise<void> {
  await press(name, { reason });
  const dialog = page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name });
  const isTaken = async (): Promise<boolean> => {
    if (await dialog.isHidden()) return true;
    if (await confirm.isEnabled({ timeout: 1_000 })) await confirm.click({ timeout: 1_000 });
    return false;
  };
  await until(isTaken, { what: `the hub to take ${name}`, timeoutMs, pollMs: 500 });
}

/** The newest commit on the ledger's branch whose message begins so. */
async function commitOf(word: string): Promise<string> {
  return (await fleet.git.git('fleet', 'log', '-1', '--format=%an: %s%n%b', `--grep=^${word}`, 'main')).trim();
}

async function versionInProd(): Promise<string | undefined> {
  const { api } = fleet.member('prod').plane;
  return (await api.get('/api/v1/namespaces/web/configmaps/settings').catch(() => undefined))?.data.version;
}

const untilProdHas = (version: string) =>
  until(async () => (await versionInProd()) === version, { what: `prod to have version ${version}`, timeoutMs });

async function fitsNarrow(): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize(narrow);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(narrow.width);
  await picture(`narrow ${await page.title()}`);
  if (before) await page.setViewportSize(before);
}

test('a token that the hub does not know lets nobody in, and is told so', async () => {
  await page.goto(fleet.hub.api);
  await signIn('not-a-token-of-anybody-here');
  await page.getByText('Cannot sign in').waitFor();
  expect(await page.getByRole('alert').textContent()).toBe('Cannot sign in: this hub does not know the token.');
  await picture('sign-in');
});

test('the board says what waits for a person, and whoever wrote a release is refused with the reason', async () => {
  await signIn(tokenOf('ada'));
  const cell = page.getByRole('link', { name: /default\/web in prod.*Needs approval/ });
  await cell.waitFor();
  await page.getByText('● live').waitFor();
  await picture('board');
  await fitsNarrow();
  await cell.click();
  await press('Approve');
  await page.getByRole('dialog').getByText('Cannot approve').waitFor();
  await picture('refused');
  expect(await page.getByRole('dialog').textContent()).toMatch(/for prod\/default\/web: .*Ask somebody else to\./);
  expect(await commitOf('Approve')).toBe('');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  expect(await page.evaluate('sessionStorage.length')).toBe(0);
});

test('a question stays open until the hub has answered, whatever is pressed meanwhile', async () => {
  await signIn(tokenOf('ada'));
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await page.route('**/api/v1/approvals', async (route) => {
    asked.resolve();
    await answered.promise;
    await route.continue();
  });
  await press('Approve');
  await asked.promise;
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByRole('button', { name: 'Cancel' }).isDisabled()).toBe(true);
  // Browsers let nobody prevent the second one.
  for (let times = 0; times < 3; times += 1) await page.keyboard.press('Escape');
  answered.resolve();
  await dialog.getByText('Cannot approve').waitFor();
  await page.unroute('**/api/v1/approvals');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Sign out' }).click();
});

test('an approval by click is a commit of that person, and the page follows the release in without a reload', async () => {
  await signIn(tokenOf('grace'));
  await page.getByRole('heading', { name: 'default/web in prod' }).waitFor();
  await page.reload();
  await page.evaluate('window.isTheSame = true');
  await picture('rollout-waiting');
  await press('Approve', { reason: 'the auditors agree' });
  await page.getByText('Approved default/web for prod.').waitFor();
  expect(await commitOf('Approve')).toMatch(/^grace: Approve default\/web [\s\S]*Fairlead-Reason: the auditors agree/);
  await page.getByRole('row', { name: /Over 1\/1 The wave is over/ }).waitFor();
  await page.getByText('approval=grace').waitFor();
  await picture('rollout-over');
  expect(await page.evaluate('window.isTheSame')).toBe(true);
  await untilProdHas('1');
  await fitsNarrow();
});

test('a bad release is shown as halted with its reason, and goes back by click', async () => {
  await fleet.push('web', { files: files('bad'), message: 'A bad one' });
  await page.getByRole('button', { name: 'Approve' }).waitFor();
  await press('Approve');
  await untilProdHas('bad');
  await page.getByText('Halted').first().waitFor();
  await page.getByText('FailureBudgetSpent').first().waitFor();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  await picture('rollout-halted');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture('rollout-halted-dark');
  await page.getByRole('link', { name: 'All applications' }).click();
  await page.getByRole('link', { name: /default\/web in prod.*Halted/ }).waitFor();
  await picture('board-halted-dark');
  await page.goBack();
  await press('Roll back', { reason: 'it is bad' });
  await untilProdHas('1');
  expect(await commitOf('Rollback')).toMatch(/^grace: Rollback default\/web in prod from \S+ to \S+/);
  await page.getByRole('button', { name: 'Roll back' }).waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: /^Rollback default\/web in prod/ }).waitFor();
  await picture('rollout-back');
  expect(await page.evaluate('window.isTheSame')).toBe(true);
});

test('the page says that the hub is gone, and follows it again by itself', async () => {
  await fleet.hub.kill();
  await page.getByText('connection lost').waitFor();
  await fleet.hub.start();
  await page.getByText('● live').waitFor();
  await pressUntilTaken('Hold', { reason: 'incident 4711' });
  await page.getByText('grace: incident 4711').waitFor();
  expect(await page.evaluate('window.isTheSame')).toBe(true);
});

test('a problem of the fleet stands on the board with file and line as soon as it is pushed', async () => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByRole('link', { name: 'All applications' }).click();
  const broken = `${documents({ kind: 'Environment', name: 'lab', spec: { clusters: 7 } })}\n`;
  await fleet.push('fleet', { files: { 'lab.yaml': broken }, message: 'A broken document' });
  const problem = page.getByRole('region', { name: 'Problems' }).getByRole('listitem');
  await problem.waitFor();
  expect(await problem.textContent()).toMatch(/lab\.yaml:\d+ · lab · spec\.clusters/);
  await picture('board-problem');
});

test('the page complained of nothing, asked nobody else, and never named a token in an address', async () => {
  expect(complaints).toEqual([]);
  expect(addresses.filter((address) => !address.startsWith(fleet.hub.api))).toEqual([]);
  expect(addresses.join('\n')).not.toContain('token-of');
  const log = await readFile(fleet.hub.logFile, 'utf8');
  for (const person of ['ada', 'grace']) expect(log).not.toContain(tokenOf(person));
});

test(`all of the page's code has at most ${budgetBytes} bytes on its way`, async () => {
  const folder = join(bundleFolder(), 'hub/page/assets');
  const scripts = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const sizes = await Promise.all(
    scripts.map(async (name) => (await promisify(gzip)(await readFile(join(folder, name)))).length),
  );
  expect(scripts.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(budgetBytes);
});
