import { checkLimitBytes, unanswered, whyForbidden, type CheckRequest, type Checks } from '@fairlead/ports/checks';

/** Which servers may be asked: `HOST`, or `HOST:PORT` where it is not the scheme's own. */
export interface HttpChecksOptions {
  readonly allowed: readonly string[];
}

/** Asks over HTTP, without credentials and without following anybody elsewhere. */
export function httpChecks({ allowed }: HttpChecksOptions): Checks {
  return {
    async ask(request) {
      const { url, timeoutMs } = request;
      const forbidden = whyForbidden(url, allowed);
      if (forbidden !== undefined) throw forbidden;
      const late = AbortSignal.timeout(timeoutMs);
      try {
        return await answer(request, late);
      } catch (thrown) {
        if (late.aborted) throw unanswered(url, `no whole answer came within ${timeoutMs} ms`);
        throw thrown instanceof TooLarge
          ? unanswered(url, `the answer is larger than ${checkLimitBytes} bytes`)
          : unanswered(url, `it cannot be reached${codeOf(thrown)}`);
      }
    },
  };
}

class TooLarge extends Error {}

async function answer({ url, method }: CheckRequest, signal: AbortSignal) {
  const response = await fetch(url, { method, redirect: 'manual', signal, headers: { accept: '*/*' } });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop closes the connection: a server that never ends is not listened to.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > checkLimitBytes) throw new TooLarge();
    chunks.push(chunk);
  }
  return { status: response.status, body: Buffer.concat(chunks).toString('utf8') };
}

/** The code of a connection's failure, such as ECONNREFUSED; never a message, which may hold the URL. */
function codeOf(thrown: unknown): string {
  const { code } = (thrown instanceof Error ? (thrown.cause ?? thrown) : {}) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? ` (${code})` : '';
}
