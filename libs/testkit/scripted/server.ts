import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as it came in. */
export interface ScriptedRequest {
  readonly method: string;
  /** With the query. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server on the loopback that answers as a test says: for what a real server does only on bad days. */
export interface ScriptedServer {
  readonly url: string;
  /** All requests so far. */
  readonly requests: readonly ScriptedRequest[];
  /** Ends the server and every connection. */
  close(): Promise<void>;
}

/** Starts the server, over TLS where a certificate is given; `answer` is called for each request and may leave it without an answer. */
export async function startScriptedServer(
  answer: (request: ScriptedRequest, response: ServerResponse, index: number) => void,
  options: { readonly tls?: { readonly certPem: string; readonly keyPem: string } } = {},
): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const take = (incoming: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '/', headers } = incoming;
      const body = Buffer.concat(chunks).toString('utf8');
      const request = { method, url: new URL(url, 'http://localhost'), headers, body };
      requests.push(request);
      answer(request, response, requests.length - 1);
    });
  };
  const { tls } = options;
  const server = tls ? createTlsServer({ cert: tls.certPem, key: tls.keyPem }, take) : createServer(take);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
