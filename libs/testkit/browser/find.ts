import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The browser on this machine. */
export interface Chromium {
  readonly path: string;
  /** What it says of itself, such as `Chromium 156.0.8078.79`. */
  readonly version: string;
}

/** Names under which distributions and vendors install it. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Looks for Chromium: where CHROMIUM points, else on PATH. */
export async function findChromium(): Promise<Chromium | undefined> {
  for (const path of candidates()) {
    const version = await versionOf(path);
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** Like {@link findChromium}. Throws where there is none, and says what to do. */
export async function requireChromium(): Promise<Chromium> {
  const found = await findChromium();
  if (found) return found;
  throw new Error(
    `Cannot start a browser: CHROMIUM names none, and PATH has no ${names.join(', ')}. Run \`npm run browser\`.`,
  );
}

function candidates(): string[] {
  const named = process.env['CHROMIUM'];
  if (named) return [named];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ['--version']);
    return stdout.trim().split(' built on')[0];
  } catch {
    return undefined;
  }
}
