import type { EventView } from '@fairlead/wire/rest';
import { startScriptedHub, startScriptedServer } from '@fairlead/testkit/scripted';
import { openKeys } from '@fairlead/adapters/pki';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hubClient } from './client.ts';

let folder: string;
let tls: { certPem: string; keyPem: string };
let caPem: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-stream-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: () => Date.now() });
  const server = await keys.server();
  tls = { certPem: server.certificatePem, keyPem: server.keyPem };
  caPem = keys.caPem;
});
afterAll(() => rm(folder, { recursive: true }));

function event(id: number): EventView {
  return { id, atMs: id, type: 'Test', reason: 'Current', message: `event ${id}` };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('a stream that breaks goes on where it left, split however it comes', async () => {
  const server = await startScriptedServer(
    ({ headers }, response) => {
      const last = Number(headers['last-event-id'] ?? 0);
      const text = `: hello\r\n\r\nid: ${last + 1}\ndata: ${JSON.stringify(event(last + 1))}\n\n`;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text.slice(0, 25));
      response.write(text.slice(25), () => response.destroy());
    },
    { tls },
  );
  const stop = new AbortController();
  const client = hubClient({ server: server.url, caPem, token: 't' }, { pausesMs: [1] });
  const seen: number[] = [];
  for await (const line of client.watch({ signal: stop.signal })) {
    if (line.type === 'Event') seen.push(line.event.id);
    if (seen.length === 3) stop.abort();
  }
  await server.close();
  expect(seen).toEqual([1, 2, 3]);
  expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '2']);
});

test('a hub that stays away ends the stream with an error', async () => {
  const hub = await startScriptedHub();
  await hub.close();
  const client = hubClient({ server: hub.url, caPem: hub.caPem, token: hub.token }, { pausesMs: [1, 1] });
  const lines = client.watch({ signal: new AbortController().signal });
  await expect(all(lines)).rejects.toMatchObject({ reason: 'HubUnreachable' });
});

test('a refusal is not asked again', async () => {
  const hub = await startScriptedHub();
  const client = hubClient({ server: hub.url, caPem: hub.caPem, token: 'wrong' }, { pausesMs: [1, 1] });
  await expect(all(client.watch({ signal: new AbortController().signal }))).rejects.toMatchObject({
    reason: 'TokenInvalid',
  });
  await hub.close();
  expect(hub.requests).toHaveLength(1);
});
