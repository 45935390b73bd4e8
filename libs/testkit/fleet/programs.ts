import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The bundles that `npm run build` makes: what is tested is what is shipped. */
export type Program = 'hub' | 'planner' | 'sources' | 'gateway' | 'api' | 'agent' | 'cli';

/** Folder of the bundles: `dist`, or the one that FAIRLEAD_BUNDLES names, such as a release that was unpacked. */
export function bundleFolder(): string {
  return process.env['FAIRLEAD_BUNDLES'] || join(import.meta.dirname, '../../../dist');
}

/** Path of a bundle, to be run by this Node. Throws, with the next step, where it was not built. */
export function programPath(name: Program): string {
  const path = join(bundleFolder(), name, 'main.mjs');
  if (existsSync(path)) return path;
  throw new Error(`Cannot start the ${name}: ${path} is missing. Run \`npm run build\` first.`);
}

/** The environment of a program: nothing of the user's settings, kubeconfig or credentials reaches it. */
export function programEnvironment(given: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_CACHE_HOME', 'KUBEBUILDER_ASSETS', 'NODE_V8_COVERAGE'];
  const own = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...(Object.fromEntries(own) as NodeJS.ProcessEnv), ...given };
}
