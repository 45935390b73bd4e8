import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensureBinary } from '@fairlead/adapters/binaries';

/** The repository. */
export const root = join(import.meta.dirname, '../../..');

/** A service as the loader of the Compose Specification writes it out, with the fields that are looked at. */
export interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly user?: string;
  readonly profiles?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly healthcheck?: { readonly disable?: boolean; readonly test?: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  readonly ports?: readonly { readonly published: string; readonly target: number; readonly host_ip?: string }[];
  readonly secrets?: readonly { readonly source: string; readonly target: string }[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly volumes?: readonly { readonly type: string; readonly source?: string; readonly target: string }[];
  readonly deploy?: {
    readonly resources?: { readonly limits?: { readonly cpus?: unknown; readonly memory?: unknown } };
  };
}

/** A compose file, every short form written out. */
export interface ComposeModel {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** The compose file of the root, with these variables. */
export async function composeText(variables: Readonly<Record<string, string>>): Promise<string> {
  const raw = await readFile(join(root, 'docker-compose.yml'), 'utf8');
  // The loader's program does not hand its own environment to the loader, so this is done before it.
  return raw.replaceAll(/\$\{(\w+)(?::\?[^}]*)?\}/g, (_, name: string) => variables[name] ?? '');
}

/** What the loader makes of a compose file, held to the specification's schema; references in it are not followed. Throws an `Error` with its own words where it refuses. */
export async function loadCompose(yaml: string): Promise<ComposeModel> {
  const child = spawn(await ensureBinary('compose-spec'), ['-no-interpolation', '-format', 'json', '-'], {
    cwd: root,
    timeout: 30_000,
  });
  child.stdin.end(yaml);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, out, said] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`Cannot load the compose file: ${said}`);
  return JSON.parse(out) as ComposeModel;
}
