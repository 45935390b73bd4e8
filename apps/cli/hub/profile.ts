import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FairleadError } from '@fairlead/core/model';
import { z } from 'zod';
import type { Io } from '../io.ts';

const profile = z.object({
  /** `https://HOST:PORT`. */
  server: z.string(),
  /** The authority that signs the hub's certificate; without it the system's. */
  caPem: z.string().optional(),
  token: z.string().optional(),
});
/** How to reach one hub. */
export type Profile = z.infer<typeof profile>;

const file = z.object({ profiles: z.record(z.string(), profile).default({}) });

/** `$XDG_CONFIG_HOME/fairlead/config.json`. */
function profileFile({ env, home }: Pick<Io, 'env' | 'home'>): string {
  return join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'fairlead', 'config.json');
}

/** The profile's name: the option, else FAIRLEAD_PROFILE, else `default`. */
export function profileName(option: string | undefined, { env }: Pick<Io, 'env'>): string {
  return option ?? (env['FAIRLEAD_PROFILE'] || 'default');
}

async function readAll(path: string): Promise<z.infer<typeof file>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw broken(path, (thrown as NodeJS.ErrnoException).code ?? 'it cannot be read');
  }
  try {
    return file.parse(JSON.parse(text));
  } catch {
    // The parser's words may quote the token: they are not passed on.
    throw broken(path, 'it does not hold profiles as JSON');
  }
}

function broken(path: string, why: string): FairleadError {
  return new FairleadError(
    `Cannot use the profiles in ${path}: ${why}. Correct or remove the file; \`fairlead up\` writes it anew.`,
    { code: 'FailedPrecondition', reason: 'InvalidArgument', subject: { file: path } },
  );
}

/**
 * The hub that a run talks to: FAIRLEAD_SERVER, FAIRLEAD_TOKEN and FAIRLEAD_CA (a file, or PEM text) win over the
 * profile. A token of the profile is never sent to another server than the profile's.
 */
export async function chooseHub(io: Io, options: { readonly profile?: string | undefined }): Promise<Profile> {
  const path = profileFile(io);
  const name = profileName(options.profile, io);
  const { profiles } = await readAll(path);
  const own = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  const server = io.env['FAIRLEAD_SERVER'] || own?.server;
  if (server === undefined) {
    throw new FairleadError(
      `Cannot tell which hub to ask: ${path} has no profile \`${name}\`, and FAIRLEAD_SERVER is not set.`,
      { code: 'NotFound', reason: 'HubUnreachable' },
    );
  }
  const trusted = own !== undefined && server === own.server ? own : undefined;
  const caPem = (await authority(io)) ?? trusted?.caPem;
  const token = io.env['FAIRLEAD_TOKEN'] || trusted?.token;
  return { server, ...(caPem === undefined ? {} : { caPem }), ...(token === undefined ? {} : { token }) };
}

async function authority({ env, cwd }: Io): Promise<string | undefined> {
  const given = env['FAIRLEAD_CA'];
  if (!given || given.includes('-----BEGIN')) return given || undefined;
  const path = resolve(cwd, given);
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw new FairleadError(
      `Cannot read the authority ${path} that FAIRLEAD_CA names: ${(thrown as NodeJS.ErrnoException).code}. Give the path of ca.pem of the hub's data folder.`,
      { code: 'InvalidInput', reason: 'InvalidArgument', subject: { file: path } },
    );
  }
}

/** Writes one profile, whole or not at all, readable by its owner only; resolves to the file's path. */
export async function saveProfile(io: Io, name: string, given: Profile): Promise<string> {
  const path = profileFile(io);
  const { profiles } = await readAll(path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.${process.pid}`;
  try {
    await writeFile(aside, `${JSON.stringify({ profiles: { ...profiles, [name]: given } }, null, 2)}\n`, {
      mode: 0o600,
    });
    await chmod(aside, 0o600);
    await rename(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
  return path;
}
