import { readFleet } from '@fairlead/core/documents';
import { expect, test } from 'vitest';
import { secretFor, wantedSources } from './wanted.ts';

const head = 'apiVersion: fairlead.dev/v1alpha1\n';
const application = (
  name: string,
  { team = 'default', url = 'https://git.example.com/web/shop', path = 'deploy' } = {},
): string =>
  `${head}kind: Application\nmetadata: { name: ${name} }\nspec: { team: ${team}, source: { git: { url: "${url}", path: ${path} } }, pipeline: [{ environment: dev }] }\n`;
const common = `${head}kind: Fleet\nmetadata: { name: acme }\nspec: { credentials: [{ match: "https://git.example.com/web/*", secret: git-web, teams: [web] }] }\n---\n${head}kind: Environment\nmetadata: { name: dev }\nspec: { clusters: {} }\n---\n${head}kind: Team\nmetadata: { name: web }\nspec: { sources: ["https://git.example.com/web/*"], serviceAccount: fairlead-web }\n`;

const read = (...applications: string[]) =>
  readFleet([{ path: 'fairlead.yaml', text: [common, ...applications].join('---\n') }]);

test('two applications with one place are one source to follow', () => {
  expect(wantedSources(read(application('a'), application('b')))).toHaveLength(1);
  expect(wantedSources(read(application('a'), application('b', { path: 'other' })))).toHaveLength(2);
});

test('a team reads its own sources only', () => {
  const other = application('a', { team: 'web', url: 'https://git.example.com/other/x' });
  expect(wantedSources(read(other, application('b', { team: 'web' }))).map((one) => one.url)).toEqual([
    'https://git.example.com/web/shop',
  ]);
});

test('a credential goes to the matching host and the named teams only', () => {
  const { fleet } = read();
  expect(secretFor(fleet, { url: 'https://git.example.com/web/shop', team: 'web' })).toBe('git-web');
  expect(secretFor(fleet, { url: 'https://git.example.com/web/shop', team: 'default' })).toBeUndefined();
  expect(
    secretFor(fleet, { url: 'https://evil.example.com/https://git.example.com/web/shop', team: 'web' }),
  ).toBeUndefined();
});
