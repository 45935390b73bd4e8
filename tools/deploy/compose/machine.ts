import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundleFolder, programEnvironment } from '@fairlead/testkit/fleet';
import { until } from '@fairlead/testkit/kube';
import { freePort, removeFolderAtEnd, startProcess, tailOf, type ServerProcess } from '@fairlead/testkit/process';
import { root, type ComposeModel, type Service } from './model.ts';

/** What names of other containers and of programs in the image are on this machine. */
export type Places = readonly (readonly [inside: string, here: string])[];

/**
 * Runs what a compose file would, as processes of this machine: the same command lines, with paths below a folder of their
 * own in the place of the container's, and the files there that the container is given, and no other.
 */
export interface Machine {
  /** Where the folder of secrets is here. */
  readonly secrets: string;
  /** A folder or file of the container, here. */
  pathOf(service: string, inside: string): string;
  /** Copies the secrets and configuration of a service to where it looks for them. */
  provide(service: string): Promise<void>;
  /** Runs a service that ends by itself. Throws with its words where it fails. */
  run(service: string): Promise<void>;
  /** Starts a program of the hub, and waits until its own health check ends well. Throws with the end of its log where it does not in a minute. */
  start(service: string): Promise<ServerProcess>;
  close(): Promise<void>;
}

const healthyWithinMs = 60_000;

/** Makes the machine; nothing runs yet. */
export async function openMachine(model: ComposeModel, common: Places): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-compose-'));
  removeFolderAtEnd(folder);
  const secrets = join(folder, 'secrets');
  await mkdir(secrets);
  const running: ServerProcess[] = [];
  const pathOf = (name: string, inside: string): string => join(folder, name, inside);
  const provide = async (name: string): Promise<void> => {
    for (const { target, file } of filesOf(model, serviceOf(model, name))) {
      await mkdir(dirname(pathOf(name, target)), { recursive: true });
      await copyFile(file.replace(join(root, 'deploy/compose/secrets'), secrets), pathOf(name, target));
    }
  };
  const placesOf = async (name: string): Promise<Places> => [
    ...common,
    ...inImage(`127.0.0.1:${await freePort()}`),
    ['/run/', pathOf(name, '/run/')],
    ['/secrets', secrets],
    ['/var/lib/fairlead', pathOf(name, '/var/lib/fairlead')],
  ];
  return {
    secrets,
    pathOf,
    provide,
    async run(name) {
      const words = moved(serviceOf(model, name).command, await placesOf(name));
      await promisify(execFile)(process.execPath, words, { env: programEnvironment(), timeout: 60_000 });
    },
    async start(name) {
      await provide(name);
      const { command, healthcheck } = serviceOf(model, name);
      const places = await placesOf(name);
      const started = await startProcess({
        name,
        file: process.execPath,
        arguments: moved(command, places),
        logFile: join(folder, `${name}.log`),
        env: programEnvironment(),
      });
      running.push(started);
      await untilHealthy(started, moved(healthcheck?.test, places).slice(1));
      return started;
    },
    async close() {
      await Promise.all(running.map((one) => one.stop({ graceMs: 5000 })));
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** What lies in the image, and the address of its metrics. */
function inImage(metrics: string): Places {
  return [
    ['/usr/local/bin/node', process.execPath],
    ['/opt/fairlead/health.mjs', join(root, 'deploy/images/health.mjs')],
    ['/opt/fairlead', bundleFolder()],
    ['0.0.0.0:9464', metrics],
    ['127.0.0.1:9464', metrics],
  ];
}

/** A command line with its first place each put where that is here. */
function moved(words: readonly string[] = [], places: Places): string[] {
  return words.map((word) => {
    const place = places.find(([inside]) => word.includes(inside));
    return place === undefined ? word : word.replace(place[0], place[1]);
  });
}

function serviceOf({ services }: ComposeModel, name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`The compose file has no service ${name}.`);
  return found;
}

function filesOf(model: ComposeModel, { secrets = [], configs = [] }: Service): { target: string; file: string }[] {
  return [
    ...secrets.map(({ source, target }) => ({ target, file: model.secrets[source]?.file ?? '' })),
    ...configs.map(({ source, target }) => ({ target, file: model.configs[source]?.file ?? '' })),
  ];
}

async function untilHealthy(process: ServerProcess, [file = '', ...args]: readonly string[]): Promise<void> {
  const { name, logFile } = process;
  const check = (): Promise<boolean> =>
    promisify(execFile)(file, args, { env: programEnvironment(), timeout: 10_000 }).then(() => true);
  const healthy = until(check, { what: `${name} to be healthy`, timeoutMs: healthyWithinMs, pollMs: 250 });
  const ended = process.ended.then((how) => Promise.reject(new Error(`${name} ended (${how})`)));
  await Promise.race([healthy, ended]).catch(async (cause: Error) => {
    throw new Error(`${cause.message}. The end of its log:\n${await tailOf(logFile)}`, { cause });
  });
}
