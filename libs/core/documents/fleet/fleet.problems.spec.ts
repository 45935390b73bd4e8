import { describe, expect, it } from 'vitest';
import { isGone, joinFleet, ledgerPathOf, readFleet } from './join.ts';
import { parseFile } from './parse.ts';

const head = 'apiVersion: fairlead.dev/v1alpha1\n';
const fleet = { path: 'fairlead.yaml', text: `${head}kind: Fleet\nmetadata: { name: acme }\n` };
const dev = {
  path: 'environments/dev.yaml',
  text: `${head}kind: Environment\nmetadata: { name: dev }\nspec: { clusters: {} }\n`,
};

function environment(spec: string): { path: string; text: string } {
  return {
    path: 'environments/prod.yaml',
    text: `${head}kind: Environment\nmetadata: { name: prod }\nspec:\n  clusters: {}\n${spec}`,
  };
}

function application(spec: string, name = 'podinfo'): { path: string; text: string } {
  const source = 'source: { git: { url: "https://git.example.com/web/podinfo" } }';
  return {
    path: `apps/${name}.yaml`,
    text: `${head}kind: Application\nmetadata: { name: ${name} }\nspec:\n  ${source}\n${spec}`,
  };
}

function problems(...files: { path: string; text: string }[]): string[] {
  return readFleet([fleet, dev, ...files]).problems.map(({ message }) => message);
}

function problemsOf(...files: { path: string; text: string }[]): string[] {
  return readFleet([fleet, ...files]).problems.map(({ message }) => message);
}

describe('what is wrong with a document', () => {
  it.each([
    [
      'an unknown field',
      '  gates:\n    - { soak: 1h }\n    - { soakk: 5m }\n',
      'Cannot use Environment prod at environments/prod.yaml:8: spec.gates[1] has the unknown field `soakk`; did you mean `soak`? Rename or remove it.',
    ],
    [
      'an unknown field deep in a gate',
      '  gates: [{ approval: { cuont: 2 } }]\n',
      'spec.gates[0].approval has the unknown field `cuont`; did you mean `count`?',
    ],
    [
      'a field that is nothing like any',
      '  colour: red\n',
      'spec has the unknown field `colour`. Remove it, or use one of: clusters, gates, rollout, windows, ledger.',
    ],
    [
      'a bare boolean where text belongs',
      '  rollout:\n    waves: [{ name: on }]\n',
      ':7: spec.rollout.waves[0].name must be text: current value is true. Put it in quotes: "true".',
    ],
    [
      'a duration that is none',
      '  rollout: { progressDeadline: 10 minutes }\n',
      'spec.rollout.progressDeadline is not a duration: write for example 90s, 5m, 1h30m: current value is "10 minutes".',
    ],
    [
      'a word out of a closed list',
      '  rollout: { onFailure: Rolback }\n',
      'spec.rollout.onFailure must be Rollback or Halt: current value is "Rolback"; did you mean `Rollback`?',
    ],
    [
      'two gates in one',
      '  gates: [{ soak: 1h, health: 1h }]\n',
      'spec.gates[0] must have exactly one of soak, health',
    ],
    [
      'a selector that cannot be',
      '  windows: [{ allow: "0 9 * * 1", duration: 8h, timezone: UTC }]\n',
      'spec.windows[0] has the unknown field `timezone`; did you mean `timeZone`?',
    ],
    [
      'a time zone that does not exist',
      '  windows: [{ allow: "0 9 * * 1", duration: 8h, timeZone: Europe/Atlantis }]\n',
      ':6: spec.windows[0].timeZone is no time zone of the IANA list, such as Europe/Berlin: current value is "Europe/Atlantis".',
    ],
    [
      'an offset in the place of a time zone',
      '  windows: [{ allow: "0 9 * * 1", duration: 8h, timeZone: "+01:00" }]\n',
      'spec.windows[0].timeZone is no time zone of the IANA list',
    ],
    [
      'a cron expression that is none',
      '  windows: [{ allow: "0 25 * * 1", duration: 8h }]\n',
      'spec.windows[0].allow is no cron expression: Invalid value for hour: 25. Write minute, hour, day of month, month, day of week.',
    ],
    [
      'a cron expression that never begins',
      '  gates:\n    - { window: { deny: "0 9 30 2 *", duration: 8h } }\n',
      ':7: spec.gates[0].window.deny never begins: no day is ever `0 9 30 2 *`. Correct the day and the month.',
    ],
    [
      'one of several windows of a gate',
      '  gates:\n    - window:\n        - { allow: "0 9 * * 1", duration: 8h }\n        - { allow: "0 9 * * MOON", duration: 8h }\n',
      ':9: spec.gates[0].window[1].allow is no cron expression',
    ],
    [
      'seconds before a cron expression',
      '  windows: [{ allow: "0 0 9 * * 1", duration: 8h }]\n',
      'spec.windows[0].allow is no cron expression of five fields, such as "0 9 * * 1-5": current value is "0 0 9 * * 1"',
    ],
    [
      'a day that is none',
      '  windows: [{ allow: { days: [Mon, Die], at: "09:00" }, duration: 8h }]\n',
      'spec.windows[0].allow.days[1] must be Sun or Mon or Tue or Wed or Thu or Fri or Sat: current value is "Die"',
    ],
    [
      'a time of day that is none',
      '  windows: [{ allow: { days: [Mon], at: "9:00" }, duration: 8h }]\n',
      'spec.windows[0].allow.at is no time of day, such as "09:00": current value is "9:00"',
    ],
    [
      'a window without length',
      '  windows: [{ allow: "0 9 * * 1", duration: 0s }]\n',
      'spec.windows[0].duration must be between 1m and 366d: current value is "0s"',
    ],
    [
      'a URL with a variable that nobody knows',
      '  gates: [{ check: { http: { url: "https://a.example.com/${release.name}" }, pass: "true" } }]\n',
      ':6: spec.gates[0].check.http.url has ${release.name}, and knows ${release.version}, ${release.digest}, ${application}, ${environment}',
    ],
    [
      'a host that is a variable',
      '  gates: [{ check: { http: { url: "https://${application}/a" }, pass: "true" } }]\n',
      'spec.gates[0].check.http.url must name its host without variables',
    ],
    [
      'a URL of another kind',
      '  gates: [{ metric: { prometheus: { url: "file:///etc/passwd", query: up }, pass: "true" } }]\n',
      'spec.gates[0].metric.prometheus.url is no URL that begins with http:// or https://',
    ],
    [
      'an expression that is none',
      '  gates: [{ check: { http: { url: "https://a.example.com" }, pass: "response.(" } }]\n',
      ':6: spec.gates[0].check.pass is no CEL expression: ',
    ],
    [
      'a time limit that is none',
      '  gates: [{ check: { http: { url: "https://a.example.com" }, pass: "true", timeout: 10m } }]\n',
      'spec.gates[0].check.timeout must be between 100ms and 60s: current value is "10m"',
    ],
    [
      'no cluster at a time',
      '  rollout: { maxUnavailable: 0% }\n',
      ':6: spec.rollout.maxUnavailable is zero, so that nothing would ever move: write at least 1, or 1%; a hold stops an environment',
    ],
    [
      'a wave of which no cluster may begin',
      '  rollout: { waves: [{ name: a, maxConcurrent: 0 }] }\n',
      'spec.rollout.waves[0].maxConcurrent is zero',
    ],
    [
      'a wave behind one that takes everybody',
      '  rollout: { waves: [{ name: a }, { name: b }] }\n',
      'spec.rollout.waves[1].name stands after a wave without a selector, which leaves it no cluster',
    ],
    [
      'a name twice',
      '  rollout: { waves: [{ name: a, clusters: {} }, { name: a }] }\n',
      'spec.rollout.waves[1].name is the name of an earlier wave too',
    ],
  ])('names %s, its line and the next step', (_what, spec, wanted) => {
    const found = problems(environment(spec));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(wanted);
  });

  it('does not repeat credentials that stand in a URL', () => {
    const found = problems(
      environment('  gates: [{ check: { http: { url: "https://bot:hunter2@a.example.com/" }, pass: "true" } }]\n'),
    );
    expect(found).toEqual([expect.stringContaining('holds credentials, which a document must not')]);
    expect(found.join()).not.toContain('hunter2');
  });

  it('names a misspelt required field once', () => {
    expect(problems(environment('  rollout: { waves: [{ nam: a }] }\n'))).toEqual([
      expect.stringContaining('unknown field `nam`; did you mean `name`?'),
    ]);
  });

  it('names a kind, a version and a missing version', () => {
    const text = (version: string, kind: string) => ({
      path: 'a.yaml',
      text: `${version}kind: ${kind}\nmetadata: { name: a }\nspec: {}\n`,
    });
    expect(problems(text(head, 'Enviroment'))[0]).toContain(
      'kind must be Fleet or Environment or Application or Cluster or Team: current value is `Enviroment`; did you mean `Environment`?',
    );
    expect(problems(text('apiVersion: fairlead.dev/v2\n', 'Team'))[0]).toContain(
      'apiVersion must be fairlead.dev/v1alpha1: current value is `fairlead.dev/v2`',
    );
    expect(problems(text('', 'Team'))[0]).toContain(
      'apiVersion must be fairlead.dev/v1alpha1: current value is nothing',
    );
    expect(problems(text(head, 'Release'))[0]).toContain('stands in the ledger only');
  });

  it('names the file and line of broken YAML and leaves the other documents usable', () => {
    const file = {
      path: 'b.yaml',
      text: `${dev.text.replace('name: dev', 'name: one')}---\n# broken\n${head}kind: Environment\nmetadata:\n  name: two\nspec: { clusters: {\n---\n${dev.text.replace('name: dev', 'name: three')}`,
    };
    const { problems: found, environments, broken } = readFleet([fleet, file]);
    expect([...environments.keys()].sort()).toEqual(['one', 'three']);
    expect(found.map(({ message }) => message)).toEqual([expect.stringMatching(/^Cannot read b\.yaml:1\d: /)]);
    expect(broken).toEqual([{ file: 'b.yaml', line: 7, kind: 'Environment', name: 'two' }]);
  });

  it('passes over what other tools keep in the repository', () => {
    const chart = {
      path: 'chart/templates/a.yaml',
      text: '{{- if .Values.a }}\nkind: Deployment\nmetadata: { annotations: { fairlead.dev/stage: "1" } }\n{{ end }}',
    };
    const argo = {
      path: 'argo.yaml',
      text: 'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: a }\n',
    };
    expect(problems(chart, argo)).toEqual([]);
  });

  it('wants the Fleet document in its place', () => {
    expect(readFleet([dev]).problems[0]?.message).toContain('no document of kind Fleet stands in fairlead.yaml');
    const elsewhere = readFleet([{ ...fleet, path: 'other.yaml' }]);
    expect(elsewhere.fleet).toBeUndefined();
    expect(elsewhere.problems[0]?.message).toContain('must stand in fairlead.yaml');
    expect(readFleet([fleet]).fleet?.spec.ledger).toEqual({ path: 'ledger', mode: 'Commit' });
  });
});

describe('what documents say of each other', () => {
  it.each([
    [
      'an unknown environment',
      '  pipeline: [{ environment: dve }]\n',
      {
        reason: 'UnknownReference',
        text: ':6: spec.pipeline[0].environment names the environment `dve`, which no document defines; did you mean `dev`?',
      },
    ],
    [
      'an unknown environment of an override',
      '  overrides: [{ environment: prod }]\n  pipeline: [{ environment: dev }]\n',
      { reason: 'UnknownReference', text: 'spec.overrides[0].environment names the environment `prod`' },
    ],
    [
      'a predecessor outside the pipeline',
      '  pipeline: [{ environment: dev, after: [staging] }]\n',
      { reason: 'UnknownReference', text: 'spec.pipeline[0].after names `staging`' },
    ],
    [
      'an environment twice',
      '  pipeline: [{ environment: dev }, { environment: dev, after: [dev] }]\n',
      { reason: 'InvalidDocument', text: 'names `dev` a second time' },
    ],
    [
      'a circle',
      '  pipeline: [{ environment: dev, after: [dev] }]\n',
      { reason: 'PipelineCycle', text: 'goes in a circle: dev waits for dev' },
    ],
    [
      'an unknown team',
      '  team: webb\n  pipeline: [{ environment: dev }]\n',
      { reason: 'TeamUnknown', text: 'names the team `webb`, which has no Team document; did you mean `web`?' },
    ],
    [
      'an unknown dependency',
      '  pipeline: [{ environment: dev, gates: [{ dependency: { application: web/db } }] }]\n',
      { reason: 'UnknownReference', text: 'names the application `web/db`' },
    ],
    [
      'a person whom nobody knows',
      '  pipeline: [{ environment: dev, gates: [{ approval: { from: [api, adaa] } }] }]\n',
      {
        reason: 'UnknownReference',
        text: ':6: spec.pipeline[0].gates[0].approval.from[1] names `adaa`, who is neither a team nor an approver of any team; did you mean `ada`?',
      },
    ],
    [
      'the commit of a source that is not there',
      '  pipeline: [{ environment: dev, gates: [{ commitStatus: { context: ci, source: chart } }] }]\n',
      {
        reason: 'UnknownReference',
        text: 'commitStatus.source asks for the commit of the source `chart`, which this application does not have. Name a git source of the application.',
      },
    ],
    [
      'a verification with no environment before it',
      '  pipeline: [{ environment: dev, gates: [{ verification: { path: deploy/verify } }] }]\n',
      {
        reason: 'InvalidDocument',
        text: ':6: spec.pipeline[0].gates[0].verification needs an environment before dev to run its Job in, and there is none. Move the gate to an entry that waits for dev.',
      },
    ],
    [
      'a team without approvers',
      '  pipeline: [{ environment: dev, gates: [{ approval: { from: [web] } }] }]\n',
      {
        reason: 'UnknownReference',
        text: 'names the team `web`, which has no approvers. Add `approvers` to its document.',
      },
    ],
    [
      'more approvals than people',
      '  pipeline: [{ environment: dev, gates: [{ approval: { count: 3, from: [api, ada] } }] }]\n',
      { reason: 'InvalidDocument', text: 'approval.count asks for 3 approvals, and 2 may give them: ada, bob.' },
    ],
    [
      'more approvals than approvers of its own team',
      '  team: api\n  pipeline: [{ environment: dev, gates: [{ approval: { count: 3 } }] }]\n',
      { reason: 'InvalidDocument', text: 'approval.count asks for 3 approvals, and 2 may give them: ada, bob.' },
    ],
    [
      'a source that the team may not use',
      '  team: api\n  pipeline: [{ environment: dev }]\n',
      {
        reason: 'TeamForbids',
        text: 'spec.source is https://git.example.com/web/podinfo, which the team api may not use',
      },
    ],
    [
      'an environment that the team may not use',
      '  team: far\n  pipeline: [{ environment: dev }]\n',
      { reason: 'TeamForbids', text: 'spec.pipeline[0].environment is dev, which the team far may not use' },
    ],
  ])('finds %s and holds the application', (_what, spec, wanted) => {
    const team = (name: string, bounds: string) => ({
      path: `teams/${name}.yaml`,
      text: `${head}kind: Team\nmetadata: { name: ${name} }\nspec: { serviceAccount: ${name}${bounds} }\n`,
    });
    const teams = [
      team('web', ''),
      team('api', ', sources: ["https://git.example.com/api/*"], approvers: [ada, bob]'),
      team('far', ', environments: [prod]'),
    ];
    const joined = readFleet([fleet, dev, ...teams, application(spec)]);
    expect(joined.problems.map((one) => one.reason)).toContain(wanted.reason);
    expect(joined.problems.map(({ message }) => message).join('\n')).toContain(wanted.text);
    expect([...joined.held.keys()]).toEqual([...joined.applications.keys()]);
  });

  it('finds a verification that lies where no render may read', () => {
    const pipeline = (path: string) =>
      `  pipeline: [{ environment: dev }, { environment: prod, gates: [{ verification: { path: ${path} } }] }]\n`;
    const inFolder = (path: string, folders: string) => {
      const one = application(pipeline(path));
      return { ...one, text: one.text.replace('/podinfo"', `/podinfo", ${folders}`) };
    };
    const prod = { path: 'environments/prod.yaml', text: dev.text.replace('name: dev', 'name: prod') };
    expect(problemsOf(dev, prod, inFolder('verify', 'path: deploy'))).toEqual([
      "Cannot use Application default/podinfo at apps/podinfo.yaml:6: spec.pipeline[1].gates[0].verification.path is `verify`, and renders read nothing outside of `deploy`. Set the source's `root` to a folder that holds both.",
    ]);
    expect(problemsOf(dev, prod, inFolder('verify', 'path: deploy, root: .'))).toEqual([]);
    expect(problemsOf(dev, prod, inFolder('deploy/verify', 'path: deploy'))).toEqual([]);
    expect(problemsOf(dev, prod, application(pipeline('verify')))).toEqual([]);
  });

  it('finds applications that wait for each other in one environment, and holds them', () => {
    const waiting = (name: string, gates: string) =>
      application(`  pipeline: [{ environment: dev, gates: [${gates}] }]\n`, name);
    const joined = readFleet([
      fleet,
      dev,
      waiting('a', '{ soak: 1s }, { dependency: { application: default/b } }'),
      waiting('b', '{ dependency: { application: default/c } }'),
      waiting('c', '{ dependency: { application: default/a } }'),
      waiting('d', '{ dependency: { application: default/a } }'),
      waiting('e', '{ dependency: { application: default/e } }'),
    ]);
    expect(joined.problems.map(({ message }) => message)).toEqual([
      'Cannot use Application default/a at apps/a.yaml:6: spec.pipeline[0].gates[1].dependency goes in a circle in dev: default/a waits for default/b waits for default/c waits for default/a. Take one `dependency` away.',
      expect.stringContaining('apps/b.yaml:6: spec.pipeline[0].gates[0].dependency goes in a circle'),
      expect.stringContaining('apps/c.yaml:6: spec.pipeline[0].gates[0].dependency goes in a circle'),
      expect.stringContaining('default/e waits for default/e'),
    ]);
    expect([...joined.held.keys()]).toEqual(['default/a', 'default/b', 'default/c', 'default/e']);
    expect(joined.problems.every(({ reason }) => reason === 'DependencyCycle')).toBe(true);
  });

  it('lets an environment make everybody wait for one application, but not that one for them', () => {
    const gated = {
      ...dev,
      text: dev.text.replace('clusters: {}', 'clusters: {}, gates: [{ dependency: { application: default/b } }]'),
    };
    const waiting = (name: string, gates = '') =>
      application(`  pipeline: [{ environment: dev, gates: [${gates}] }]\n`, name);
    expect(problemsOf(gated, waiting('a'), waiting('b'))).toEqual([]);
    expect(problemsOf(gated, waiting('a'), waiting('b', '{ dependency: { application: default/a } }'))).toEqual([
      expect.stringContaining('apps/a.yaml:6: spec.pipeline[0] goes in a circle in dev: default/a waits for default/b'),
      expect.stringContaining('apps/b.yaml:6: spec.pipeline[0].gates[0].dependency goes in a circle in dev'),
    ]);
    expect(problemsOf(gated)).toEqual([
      expect.stringContaining(
        'environments/dev.yaml:4: spec.gates[0].dependency.application names the application `default/b`',
      ),
    ]);
  });

  it('may wait in a circle through two environments: each looks at its own', () => {
    const both = (name: string, other: string, at: string) =>
      application(
        `  pipeline:\n${['dev', 'prod'].map((one) => `    - { environment: ${one}, gates: [${one === at ? `{ dependency: { application: default/${other} } }` : ''}] }\n`).join('')}`,
        name,
      );
    expect(problemsOf(dev, environment(''), both('a', 'b', 'dev'), both('b', 'a', 'prod'))).toEqual([]);
  });

  it('names a dependency that never enters the environment', () => {
    const a = application(
      '  pipeline: [{ environment: dev, gates: [{ dependency: { application: default/b } }] }]\n',
      'a',
    );
    const b = application('  pipeline: [{ environment: prod }]\n', 'b');
    expect(problemsOf(dev, environment(''), a, b)).toEqual([
      expect.stringContaining(
        'names the application `default/b`, which never enters dev. Add dev to its pipeline, or take the gate away.',
      ),
    ]);
  });

  it('tells a longer circle in its order', () => {
    const entries = '  pipeline: [{ environment: dev, after: [c] }, { environment: b }, { environment: c }]\n';
    const files = ['b', 'c'].map((name) => ({
      path: `${name}.yaml`,
      text: dev.text.replace('name: dev', `name: ${name}`),
    }));
    expect(problems(...files, application(entries))).toEqual([
      expect.stringContaining('goes in a circle: dev waits for c waits for b waits for dev'),
    ]);
  });

  it('fills in what an entry waits for and how it enters', () => {
    const file = application(
      '  pipeline: [{ environment: dev }, { environment: prod }, { environment: edge, after: { any: [dev, prod] }, enter: AtOnce }]\n',
    );
    const { applications } = joinFleet([parseFile(file.text, file.path)]);
    expect([...applications.values()][0]?.spec.pipeline.map(({ after, enter }) => ({ after, enter }))).toEqual([
      { after: undefined, enter: 'AtOnce' },
      { after: { all: ['dev'] }, enter: 'WhenFree' },
      { after: { any: ['dev', 'prod'] }, enter: 'AtOnce' },
    ]);
  });

  it('uses none of two documents of one name and counts neither as deleted', () => {
    const again = { ...dev, path: 'z.yaml' };
    const joined = readFleet([fleet, dev, again, application('  pipeline: [{ environment: dev }]\n')]);
    expect(joined.problems.map(({ message }) => message)).toEqual([
      'Cannot use Environment dev at z.yaml:1: stands at environments/dev.yaml:1 already. Neither is used until one of them is removed.',
    ]);
    expect(joined.environments.size).toBe(0);
    expect(isGone(joined, { kind: 'Environment', name: 'dev' })).toBe(false);
    expect(joined.held.size).toBe(0);
  });

  it('holds an application whose team cannot be read, and does not call the team unknown', () => {
    const team = { path: 'web.yaml', text: `${head}kind: Team\nmetadata: { name: web }\nspec: {}\n` };
    const joined = readFleet([fleet, dev, team, application('  team: web\n  pipeline: [{ environment: dev }]\n')]);
    expect([...joined.held.values()].flat().map(({ message }) => message)).toEqual([
      expect.stringContaining('names the team `web`, whose document cannot be used'),
    ]);
  });

  it('finds a team that only the credentials know', () => {
    const named = {
      ...fleet,
      text: `${fleet.text}spec: { credentials: [{ match: "*", secret: git, teams: [web] }] }\n`,
    };
    expect(readFleet([named]).problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('fairlead.yaml:4: spec.credentials[0].teams[0] names the team `web`'),
    ]);
  });

  it('does not guess where the ledger lies while the Fleet document cannot be read', () => {
    expect(ledgerPathOf([fleet])).toBe('ledger');
    expect(ledgerPathOf([dev])).toBeUndefined();
    expect(ledgerPathOf([{ ...fleet, text: `${fleet.text}spec: { leger: {} }\n` }])).toBeUndefined();
    expect(ledgerPathOf([{ ...fleet, text: `${fleet.text}---\n${fleet.text}` }])).toBeUndefined();
  });

  it('is gone only when no broken document could be it', () => {
    const unreadable = { path: 'x.yaml', text: `${head}: : :\n` };
    const joined = readFleet([fleet, application('  pipelin: []\n')]);
    expect(isGone(joined, { kind: 'Application', name: 'default/podinfo' })).toBe(false);
    expect(isGone(joined, { kind: 'Application', name: 'default/other' })).toBe(true);
    expect(isGone(readFleet([fleet, unreadable]), { kind: 'Application', name: 'default/other' })).toBe(false);
  });

  it('passes over the ledger, wherever the Fleet document puts it', () => {
    const moved = { ...fleet, text: `${fleet.text}spec: { ledger: { path: book } }\n` };
    const inBook = { path: 'book/hub.yaml', text: `${head}kind: Hub\nmetadata: { name: hub }\nspec: { epoch: 1 }\n` };
    expect(readFleet([moved, dev, inBook]).problems).toEqual([]);
    expect(readFleet([fleet, dev, inBook]).problems).toHaveLength(1);
  });
});
