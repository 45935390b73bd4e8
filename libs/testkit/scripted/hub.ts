import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminTokenFile, openKeys } from '@fairlead/adapters/pki';
import { routes, type Answer, type EventView, type Operation, type ProblemJson, type Route } from '@fairlead/wire/rest';
import { startScriptedServer, type ScriptedRequest } from './server.ts';

type Give<Value> = Value | Partial<ProblemJson> | ((request: ScriptedRequest) => Value | Partial<ProblemJson>);

/** What a scripted hub answers, by operation. A problem is told by its `status`. What is not given is not found. */
export type HubAnswers = { [Name in Operation]?: Give<Answer<Name>> } & {
  /** Sent by the watch, after which it stays open. */
  watch?: readonly EventView[];
};

/** A peer for clients of the status API: it answers over HTTPS from the table of routes, as a test says. */
export interface ScriptedHub {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
  /** May be changed at any time. */
  answers: HubAnswers;
  readonly requests: readonly ScriptedRequest[];
  close(): Promise<void>;
}

const table = Object.entries<Route>(routes).map(([name, route]) => ({
  name: name as Operation,
  method: route.method,
  form: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** Starts it, with the keys and the administrator's token that a real hub would make. */
export async function startScriptedHub(answers: HubAnswers = {}): Promise<ScriptedHub> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-scripted-hub-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: () => Date.now() });
  const { certificatePem: certPem, keyPem } = await keys.server();
  const token = (await readFile(join(folder, adminTokenFile), 'utf8')).trim();
  const hub: { answers: HubAnswers } = { answers };
  const server = await startScriptedServer(
    (request, response) => {
      if (request.headers.authorization !== `Bearer ${token}`)
        send(response, { status: 401, reason: 'TokenInvalid', detail: 'Cannot answer: the token is unknown.' });
      else if (request.url.pathname === '/api/v1/watch') stream(response, hub.answers.watch ?? []);
      else answer(hub.answers, { request, response });
    },
    { tls: { certPem, keyPem } },
  );
  return Object.assign(hub, {
    url: server.url,
    caPem: keys.caPem,
    token,
    requests: server.requests,
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  });
}

function answer(
  answers: HubAnswers,
  { request, response }: { request: ScriptedRequest; response: ServerResponse },
): void {
  const route = table.find((one) => one.method === request.method && one.form.test(request.url.pathname));
  const given = route === undefined ? undefined : answers[route.name];
  if (given === undefined)
    send(response, { status: 404, reason: 'NotFound', detail: 'Cannot find it: it is not there.' });
  else send(response, typeof given === 'function' ? given(request) : given);
}

function send(response: ServerResponse, value: object): void {
  const { status } = value as { status?: unknown };
  const problem = typeof status === 'number';
  response.writeHead(problem ? status : 200, {
    'content-type': problem ? 'application/problem+json' : 'application/json',
  });
  response.end(JSON.stringify(value));
}

function stream(response: ServerResponse, events: readonly EventView[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': scripted\n\n');
  for (const event of events) response.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
}
