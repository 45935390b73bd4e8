import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { removeFolderAtEnd } from '@fairlead/testkit/process';
import { serveByBackend } from './backend.ts';
import type { CommitRequest } from './fastImport.ts';
import { gitEnvironment } from './gitCommand.ts';
import { createBare, type BareRepository, type CreateOptions } from './repository.ts';

/** A ref of a repository moved, by a push or by {@link GitServer.commit}. */
export interface RefUpdate {
  /** Name of the repository, without `.git`. */
  readonly repository: string;
  /** Such as `refs/heads/main`. */
  readonly ref: string;
  /** Undefined: it was made. */
  readonly before: string | undefined;
  /** Undefined: it was deleted. */
  readonly after: string | undefined;
  /** When the push, or the commit made here, was through; milliseconds since 1970. */
  readonly atMs: number;
}

/** One request, as the server saw it. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytesSent: number;
  readonly authorization: string | undefined;
}

/** What can go wrong at will; every field may be set at any time. */
export interface GitFaults {
  /** Connections break at once. */
  down: boolean;
  /** Every answer waits this long first. */
  delayMs: number;
  /** Requests are taken and never answered. */
  stalled: boolean;
  /** Right credentials are refused with 401. */
  credentialsExpired: boolean;
  /** Answer everything with this status; 0 for none. */
  status: number;
  /** Requests whose path ends so are carried out, and the connection breaks instead of the answer; empty for none. */
  loseAnswersTo: string;
}

/** How the server starts. */
export interface GitServerOptions {
  /** Where the repositories lie; default: a folder that is made and removed again. */
  readonly dir?: string;
  /** What clients must present; default: nothing. */
  readonly auth?: { readonly username: string; readonly password: string };
  /** Speak protocol version 2 to those who ask for it. Default: true. */
  readonly protocolV2?: boolean;
  /** Default: any free one. */
  readonly port?: number;
}

/** A real git server (smart HTTP by `git http-backend`) on loopback. */
export interface GitServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly faults: GitFaults;
  /** The last thousand requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** URL of a repository, as a client uses it. */
  urlOf(name: string): string;
  /** Makes an empty repository and resolves to its URL. */
  createRepository(name: string, options?: CreateOptions): Promise<string>;
  /** Commits without a network, as another user's push; resolves to the commit. */
  commit(name: string, request: CommitRequest): Promise<string>;
  /** Makes or moves a ref, such as a tag; `undefined` deletes it. */
  setRef(name: string, ref: string, commit: string | undefined): Promise<void>;
  /** Makes an annotated tag. */
  annotatedTag(
    name: string,
    tag: { readonly name: string; readonly commit: string; readonly message: string },
  ): Promise<void>;
  /** The refs of a repository by full name. */
  refs(name: string): Promise<Map<string, string>>;
  /** Runs git in the bare repository and resolves to what it printed. */
  git(name: string, ...args: string[]): Promise<string>;
  /** Refuses pushes to a branch, as forges do with protected ones. */
  protect(name: string, branch: string, on?: boolean): Promise<void>;
  /** Calls back for each ref that moved; the function that is returned ends it. */
  onRefUpdate(callback: (update: RefUpdate) => void): () => void;
  stop(): Promise<void>;
}

const logSize = 1000;

interface Hosted {
  readonly bare: BareRepository;
  known: Map<string, string>;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function repositoryOf(path: string): string {
  return path.slice(1).split('.git')[0] ?? '';
}

/** The repositories and what became of their refs. */
function hostRepositories(root: string) {
  const repositories = new Map<string, Hosted>();
  const listeners = new Set<(update: RefUpdate) => void>();

  function hosted(name: string): Hosted {
    const found = repositories.get(name);
    if (!found)
      throw new Error(
        `Cannot find the repository ${name}: the server has ${[...repositories.keys()].join(', ') || 'none'}. Make it with createRepository first.`,
      );
    return found;
  }

  async function announce(name: string): Promise<void> {
    const atMs = Date.now();
    const entry = repositories.get(name);
    if (!entry) return;
    const now = await entry.bare.refs();
    const before = entry.known;
    entry.known = now;
    for (const ref of new Set([...before.keys(), ...now.keys()])) {
      const update: RefUpdate = { repository: name, ref, before: before.get(ref), after: now.get(ref), atMs };
      if (update.before !== update.after) for (const listener of listeners) listener(update);
    }
  }

  return {
    hosted,
    announce,
    listeners,
    async create(name: string, options: CreateOptions = {}) {
      const folder = join(root, `${name}.git`);
      await mkdir(dirname(folder), { recursive: true });
      repositories.set(name, { bare: await createBare(folder, { ...options, home: root }), known: new Map() });
    },
  };
}

type Hosting = ReturnType<typeof hostRepositories>;

/** Lets a request through or answers it as the faults say; true when it was answered here. */
async function misbehave(
  request: IncomingMessage,
  response: ServerResponse,
  { faults, auth }: { faults: GitFaults; auth: GitServerOptions['auth'] },
): Promise<boolean> {
  if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
  if (faults.down) request.socket.destroy();
  else if (faults.status > 0)
    response.writeHead(faults.status, { 'content-type': 'text/plain' }).end('the server was told to fail\n');
  else if (auth !== undefined) {
    const wanted = `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
    if (request.headers.authorization === wanted && !faults.credentialsExpired) return faults.stalled;
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('credentials refused\n');
  } else return faults.stalled;
  return true;
}

function serve(root: string, hosting: Hosting, options: GitServerOptions) {
  const faults: GitFaults = {
    down: false,
    delayMs: 0,
    stalled: false,
    credentialsExpired: false,
    status: 0,
    loseAnswersTo: '',
  };
  const requests: LoggedRequest[] = [];
  const stopping = new AbortController();
  const env = gitEnvironment(root);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    let bytesSent = 0;
    response.on('close', () => {
      requests.push({
        method: request.method ?? '',
        path,
        status: response.statusCode,
        bytesSent,
        authorization: request.headers.authorization,
      });
      if (requests.length > logSize) requests.shift();
    });
    if (await misbehave(request, response, { faults, auth: options.auth })) return;
    bytesSent = await serveByBackend(request, response, {
      root,
      env,
      protocolV2: options.protocolV2 ?? true,
      signal: stopping.signal,
      loseAnswer: faults.loseAnswersTo !== '' && path.endsWith(faults.loseAnswersTo),
    });
    if (path.endsWith('/git-receive-pack')) await hosting.announce(repositoryOf(path));
  }

  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.on('connection', (socket) => void (faults.down && socket.destroy()));
  return { server, faults, requests, stopping };
}

/** Starts a git server on loopback. It needs git on the PATH. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const root = options.dir ?? (await mkdtemp(join(tmpdir(), 'fairlead-git-')));
  await mkdir(root, { recursive: true });
  if (options.dir === undefined) removeFolderAtEnd(root);
  const hosting = hostRepositories(root);
  const { server, faults, requests, stopping } = serve(root, hosting, options);
  const url = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`;
  const git = (name: string, ...args: string[]) => hosting.hosted(name).bare.git(...args);
  const urlOf = (name: string) => `${url}/${name}.git`;
  return {
    url,
    faults,
    requests,
    urlOf,
    git,
    async createRepository(name, create) {
      await hosting.create(name, create);
      return urlOf(name);
    },
    async commit(name, request) {
      const commit = await hosting.hosted(name).bare.commit(request);
      await hosting.announce(name);
      return commit;
    },
    async setRef(name, ref, commit) {
      await git(name, 'update-ref', ...(commit === undefined ? ['-d', ref] : [ref, commit]));
      await hosting.announce(name);
    },
    async annotatedTag(name, tag) {
      await git(
        name,
        '-c',
        'user.name=Ada',
        '-c',
        'user.email=ada@example.com',
        'tag',
        '-a',
        '-m',
        tag.message,
        tag.name,
        tag.commit,
      );
      await hosting.announce(name);
    },
    refs: (name) => hosting.hosted(name).bare.refs(),
    protect: (name, branch, on = true) => hosting.hosted(name).bare.protect(branch, on),
    onRefUpdate(callback) {
      hosting.listeners.add(callback);
      return () => void hosting.listeners.delete(callback);
    },
    async stop() {
      stopping.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      if (options.dir === undefined) await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
