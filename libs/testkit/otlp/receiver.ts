import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeSpans, type ReceivedSpan } from './decode.ts';

/** A collector on loopback that keeps what it is sent. */
export interface OtlpReceiver {
  /** For `--otlp`. */
  readonly url: string;
  /** Everything so far. */
  spans(): readonly ReceivedSpan[];
  /** All bytes that came, as text, to look for what must not be there. */
  text(): string;
  /** What it answers; only with 200 it keeps what came. */
  status: number;
  close(): Promise<void>;
}

/** Starts a receiver for OTLP over HTTP with protobuf, on a free port. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const status = request.url === '/v1/traces' ? receiver.status : 404;
      if (status !== 200) return void response.writeHead(status).end();
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      bodies.push(body);
      spans.push(...decodeSpans(body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    text: () => bodies.map((body) => body.toString('latin1')).join('\n'),
    status: 200,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return receiver;
}
