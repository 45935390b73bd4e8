import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings, type Program } from '@fairlead/roles/settings';
import { composeText, loadCompose, root, type Service } from './model.ts';

const variables = { FAIRLEAD_FLEET: 'https://git.example.com/acme/fleet.git', FAIRLEAD_NAME: 'hub.example.com' };
const yaml = await composeText(variables);
const model = await loadCompose(yaml);
const services = Object.entries(model.services);
const script = /^\/opt\/fairlead\/(hub|api|gateway|sources|planner)\/main\.mjs$/;
const programs = services.filter(([, { command }]) => script.test(command?.[0] ?? ''));
const lasting = services.filter(([, { profiles }]) => !profiles?.includes('setup'));
const the = (name: string): Service => model.services[name] ?? expect.fail(`no service ${name}`);

describe('docker-compose.yml', () => {
  it('is one that the Compose Specification allows', () => {
    expect(Object.keys(model.services).sort()).toEqual([
      'api',
      'gateway',
      'hub',
      'keys',
      'nats',
      'nats-accounts',
      'otel-collector',
      'planner',
      'postgres',
      'sources',
    ]);
  });

  it('is judged: a word that the specification does not have is refused', async () => {
    await expect(loadCompose(yaml.replaceAll(' read_only:', ' readonly:'))).rejects.toThrow(/readonly/);
  });

  it('has everything that it refers to', () => {
    for (const [, { networks = {}, secrets = [], configs = [], volumes = [], depends_on = {} }] of services) {
      expect(Object.keys(model.networks)).toEqual(expect.arrayContaining(Object.keys(networks)));
      expect(Object.keys(model.secrets)).toEqual(expect.arrayContaining(secrets.map(({ source }) => source)));
      expect(Object.keys(model.configs)).toEqual(expect.arrayContaining(configs.map(({ source }) => source)));
      expect(Object.keys(model.services)).toEqual(expect.arrayContaining(Object.keys(depends_on)));
      const named = volumes.flatMap(({ type, source }) => (type === 'volume' && source ? [source] : []));
      expect(Object.keys(model.volumes)).toEqual(expect.arrayContaining(named));
    }
  });

  it('keeps no secret that nobody mounts', () => {
    const mounted = services.flatMap(([, { secrets = [] }]) => secrets.map(({ source }) => source));
    expect(Object.keys(model.secrets).filter((name) => !mounted.includes(name))).toEqual([]);
  });

  it('asks for what only its user knows before anything starts', async () => {
    const raw = await readFile(join(root, 'docker-compose.yml'), 'utf8');
    for (const name of Object.keys(variables)) expect(raw).toContain(`\${${name}:?`);
  });

  it('starts the roles apart unless told otherwise, and the hub in one process by its name alone', () => {
    const byDefault = services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    expect(byDefault.sort()).toEqual(['api', 'gateway', 'nats', 'otel-collector', 'planner', 'postgres', 'sources']);
    expect(the('hub').depends_on).toBeUndefined();
  });
});

describe.each(services)('the container %s', (_, service) => {
  it('cannot write its own root, and has no capability that it was not given', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  });

  it('is of an image of a named version', () => {
    expect(service.image).toMatch(/:\d+\.\d+(\.\d+)?(-\w+)?$/);
  });

  it('reads only configuration that lies in the repository', () => {
    for (const { source } of service.configs ?? []) expect(existsSync(model.configs[source]?.file ?? '')).toBe(true);
    for (const { source } of service.secrets ?? [])
      expect(relative(root, model.secrets[source]?.file ?? '')).toMatch(/^deploy\/compose\/secrets\//);
  });
});

describe.each(lasting)('the lasting container %s', (name, service) => {
  it('is bounded in processors and memory, and is started again', () => {
    expect(service.deploy?.resources?.limits).toMatchObject({ cpus: expect.anything(), memory: expect.anything() });
    expect(service.restart).toBe('unless-stopped');
  });

  it('is nobody with a name, unless its image becomes that by itself', () => {
    expect(service.user).toBe(name === 'postgres' ? undefined : '65532:65532');
  });

  it('says whether it works, where its image has something to ask with', () => {
    if (name === 'otel-collector') expect(service.healthcheck).toBeUndefined();
    else expect(service.healthcheck?.test?.[0]).toBe('CMD');
  });

  it('is waited for until it works, and never only until it was started', () => {
    for (const { condition } of Object.values(service.depends_on ?? {})) expect(condition).toBe('service_healthy');
  });
});

describe.each(programs)('the program of %s', (_, service) => {
  const [path = '', ...args] = service.command ?? [];
  const program = script.exec(path)?.[1] as Program;

  it('takes the flags that it is started with', () => {
    expect(() => readSettings(program, args)).not.toThrow();
  });

  it('is given every file that it is told of', () => {
    const files = args.flatMap((one) => /=(\/(?:run|var|secrets)\/[^=]+)$/.exec(one)?.[1] ?? []);
    const given = [...(service.secrets ?? []), ...(service.volumes ?? [])].map(({ target }) => target);
    for (const path of files)
      expect(
        given.filter((one) => one === path || one.startsWith(`${path}/`) || path.startsWith(`${one}/`)),
      ).not.toEqual([]);
  });
});

describe('roles apart', () => {
  const apart = ['api', 'gateway', 'sources', 'planner'];
  const keysOf = (name: string): string[] =>
    (the(name).secrets ?? []).flatMap(({ target }) => /^\/run\/keys\/(.+)$/.exec(target)?.[1] ?? []).sort();

  it('wait for record and bus', () => {
    for (const name of apart) expect(Object.keys(the(name).depends_on ?? {}).sort()).toEqual(['nats', 'postgres']);
  });

  it('have each the keys that they need, and no other', () => {
    expect(Object.fromEntries(apart.map((name) => [name, keysOf(name)]))).toEqual({
      api: ['admin-token', 'api.pem', 'ca.pem'],
      gateway: ['blobs.key', 'ca.key', 'ca.pem', 'verifying-keys.json'],
      sources: ['blobs.key', 'sources.pem', 'webhook-secret'],
      planner: ['signing-1.key'],
    });
  });

  it('share no data folder, so that there may be several of one', () => {
    for (const name of apart)
      for (const { type, source } of the(name).volumes ?? [])
        expect(type === 'bind' || source === undefined).toBe(true);
  });

  it('alone reach record and bus, which reach nothing outside', () => {
    expect(model.networks['inside']?.internal).toBe(true);
    for (const name of ['postgres', 'nats']) {
      expect(Object.keys(the(name).networks ?? {})).toEqual(['inside']);
      expect(the(name).ports).toBeUndefined();
    }
  });

  it('never publish their metrics beyond this machine', () => {
    for (const [, { ports = [] }] of services)
      for (const { target, host_ip: host } of ports) expect(target < 8880 || host === '127.0.0.1').toBe(true);
  });
});
