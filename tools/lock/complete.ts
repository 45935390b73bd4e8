/** The part of a lockfile's entry that counts here. */
export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

/** A lockfile of version 3. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const systems = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openharmony', 'aix', 'netbsd', 'openbsd', 'sunos'];
const processors = [
  'arm64',
  'aarch64',
  'armv7',
  'arm',
  'x64',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'wasm32',
];

/**
 * Names the packages of other platforms that a lockfile left out because the registry at hand does not have them, so that
 * `npm ci` takes the lockfile. They carry the version that their parent pins and the platform of their name; nothing
 * of them is fetched on another platform.
 */
export function complete<Lock extends Lockfile>(
  lock: Lock,
): { readonly lock: Lock; readonly added: readonly string[] } {
  const packages: Record<string, LockEntry> = { ...lock.packages };
  const added: string[] = [];
  for (const [parent, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (resolves(packages, { parent, name, version }) || !/^\d/.test(version)) continue;
      const path = `node_modules/${name}`;
      const place = path in packages ? `${parent}/${path}` : path;
      packages[place] = { version, ...platformOf(name), ...(entry.dev ? { dev: true } : {}), optional: true };
      added.push(`${name}@${version}`);
    }
  }
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { lock: { ...lock, packages: sorted }, added };
}

/** True if the version that the parent pins is found from the parent's folder upwards. */
function resolves(
  packages: Lockfile['packages'],
  { parent, name, version }: { parent: string; name: string; version: string },
): boolean {
  const parts = parent.split('/node_modules/');
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    const folder = parts.slice(0, depth).join('/node_modules/');
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found) return found.version === version;
  }
  return false;
}

function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const words = name.slice(name.lastIndexOf('/') + 1).split(/[-.]/);
  const os = systems.filter((one) => words.includes(one));
  const cpu = processors
    .filter((one) => words.includes(one))
    .map((one) => (one === 'aarch64' ? 'arm64' : one === 'armv7' ? 'arm' : one));
  const musl = words.some((word) => word.startsWith('musl'));
  const gnu = words.some((word) => word.startsWith('gnu'));
  const libc = musl ? ['musl'] : gnu && os.includes('linux') ? ['glibc'] : [];
  return { ...(cpu.length > 0 ? { cpu } : {}), ...(libc.length > 0 ? { libc } : {}), ...(os.length > 0 ? { os } : {}) };
}
