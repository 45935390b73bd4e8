import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileTree } from '@fairlead/ports/source';
import { FairleadError } from '@fairlead/core/model';

/** Bounds of one run of a tool. */
export const bounds = {
  timeoutMs: 60_000,
  outputBytes: 64 * 1024 * 1024,
  errorBytes: 64 * 1024,
  shownChars: 4096,
  memoryBytes: 1024 * 1024 * 1024,
};

/** A tool at hand, in one version. */
export interface Tool {
  readonly version: string;
  /** Path of the binary. */
  readonly path: string;
}

/** Newest first, by number. */
export function versionsOf(tools: readonly Tool[]): string[] {
  return tools.map((tool) => tool.version).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

/** The tool of exactly this version; throws RendererMissing. */
export function toolOf(tools: readonly Tool[], { name, version }: { name: string; version: string }): Tool {
  const tool = tools.find((one) => one.version === version);
  if (tool) return tool;
  const have = versionsOf(tools).join(', ') || 'none';
  throw new FairleadError(
    `Cannot render with ${name} ${version}: this hub has ${have}. Add that version to the hub, or promote a release that names one of these.`,
    {
      code: 'FailedPrecondition',
      reason: 'RendererMissing',
    },
  );
}

/**
 * Writes the tree into a folder of its own for as long as `work` takes. Nothing else is in it, so a tool that stays
 * inside reads nothing but the source.
 */
export async function withTree<T>(files: FileTree, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-render-'));
  try {
    const tree = join(folder, 'tree');
    const folders = new Set([tree, ...[...files.keys()].map((path) => dirname(join(tree, path)))]);
    for (const one of folders) await mkdir(one, { recursive: true });
    for (const [path, file] of files)
      await writeFile(join(tree, path), file.bytes, { mode: file.executable ? 0o700 : 0o600 });
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What {@link run} runs. */
export interface Run {
  readonly tool: Tool;
  readonly args: readonly string[];
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs a tool with an environment of its own: no PATH (so that it starts no other program), a home inside the folder,
 * and a proxy that refuses, so that a remote base fails instead of being fetched. Resolves to what it printed.
 */
export async function run({ tool, args, folder, signal }: Run): Promise<string> {
  const refuse = 'http://127.0.0.1:1';
  const env = {
    HOME: folder,
    TMPDIR: folder,
    PATH: '',
    HTTP_PROXY: refuse,
    HTTPS_PROXY: refuse,
    ALL_PROXY: refuse,
    NO_PROXY: '',
    GOMEMLIMIT: String(bounds.memoryBytes),
    GOMAXPROCS: '2',
  };
  const child = spawn(tool.path, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: bounds.timeoutMs,
    killSignal: 'SIGKILL',
    ...(signal ? { signal } : {}),
  });
  const output: Buffer[] = [];
  let outputBytes = 0;
  let words = '';
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes > bounds.outputBytes) child.kill('SIGKILL');
    else output.push(chunk);
  });
  child.stderr.on(
    'data',
    (chunk: Buffer) => void (words = (words + chunk.toString('utf8')).slice(0, bounds.errorBytes)),
  );
  const end = await new Promise<{ code: number | null; killed: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killed) => resolve({ code, killed }));
  });
  if (end.code === 0) return Buffer.concat(output).toString('utf8');
  throw new FairleadError(`Cannot render: ${failure(end, { outputBytes, words, folder })}`, {
    code: 'InvalidInput',
    reason: 'RenderFailed',
  });
}

function failure(
  end: { code: number | null; killed: NodeJS.Signals | null },
  { outputBytes, words, folder }: { outputBytes: number; words: string; folder: string },
): string {
  if (outputBytes > bounds.outputBytes)
    return `the output is larger than ${bounds.outputBytes} bytes. Split the application.`;
  if (end.killed) return `the tool did not end within ${bounds.timeoutMs / 1000} s.`;
  const said = withoutContents(words)
    .replaceAll(join(folder, 'tree') + '/', '')
    .replaceAll(folder, '')
    .trim()
    .slice(0, bounds.shownChars);
  const what = said === '' ? `the tool ended with ${end.code} and said nothing.` : said.replace(/[.]?$/, '.');
  return `${what} Correct the files of the source, or what the Application says of them.`;
}

const withheld = '(withheld: it may be of a Secret)';

/** What tools quote of the files that they were given, by the words that they quote it with. */
const quotes: readonly (readonly [RegExp, string])[] = [
  // kyaml prints the node that it stumbled over, to the end.
  [/node contents:[\s\S]*$/, `node contents: ${withheld}`],
  [/\bvalue: \{[\s\S]*$/, `value: ${withheld}`],
  // kustomize prints the configuration of its own transformers, patches and all, and Go the text of a number.
  [/`[\s\S]*?`/g, withheld],
  [/\[patch: "[\s\S]*?"\](?=$|[:\s])/g, `[patch: ${withheld}]`],
  [/literal sources \[[\s\S]*$/, `literal sources: ${withheld}; each is KEY=VALUE`],
  [/\bparsing "[\s\S]*?": /g, `parsing ${withheld}: `],
];

/** A tool's words go into status, events and logs, where no value of a Secret may be. */
function withoutContents(words: string): string {
  return quotes.reduce((text, [quote, instead]) => text.replace(quote, () => instead), words);
}
