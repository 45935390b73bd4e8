import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FairleadError } from '@fairlead/core/model';
import type { FleetFile } from '@fairlead/core/documents';

/** As much as the hub reads of a fleet repository. */
const limits = { files: 20_000, bytes: 256 * 1024 * 1024 };

/**
 * The YAML files of a checkout by their path in it, `.git` left out and links not followed, as the hub reads a commit.
 * Throws NotFound when the folder is not there, ResourceExhausted when it holds more than a hub would read.
 */
export async function readCheckout(folder: string): Promise<FleetFile[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new FairleadError(
      `Cannot read the fleet repository at ${folder}: ${found ? 'it is a file' : 'there is no such folder'}. Give the folder of a checkout.`,
      { code: 'NotFound', reason: 'NotFound', subject: { file: folder } },
    );
  }
  const paths: string[] = [];
  for await (const path of yamlBelow(folder, '')) {
    paths.push(path);
    if (paths.length > limits.files) throw tooLarge(folder, `more than ${limits.files} YAML files`);
  }
  const files: FleetFile[] = [];
  let bytes = 0;
  for (const path of paths.sort()) {
    const content = await readFile(join(folder, path));
    bytes += content.length;
    if (bytes > limits.bytes) throw tooLarge(folder, `more than ${limits.bytes} bytes of YAML`);
    files.push({ path, text: content.toString('utf8') });
  }
  return files;
}

async function* yamlBelow(folder: string, under: string): AsyncGenerator<string, void, undefined> {
  for (const entry of await readdir(join(folder, under), { withFileTypes: true })) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== '.git') yield* yamlBelow(folder, path);
    else if (entry.isFile() && /\.ya?ml$/.test(entry.name)) yield path;
  }
}

function tooLarge(folder: string, what: string): FairleadError {
  return new FairleadError(
    `Cannot read the fleet repository at ${folder}: it holds ${what}. Give the folder of the fleet repository itself.`,
    { code: 'ResourceExhausted', reason: 'SourceTooLarge', subject: { file: folder } },
  );
}
