import { checkLimitBytes, type CheckReply, type Checks } from './port.ts';
import { unanswered, whyForbidden } from './refusal.ts';

/** What a server does when it is asked. */
export type CheckBehaviour = CheckReply | 'Down' | 'Silent';

/** The server's side of checks in memory. */
export interface MemoryCheckServer {
  /** `scheme://HOST[:PORT]` that is allowed. */
  readonly origin: string;
  /** From now on. */
  behave(behaviour: CheckBehaviour): Promise<void>;
  /** Method and path with query of each question that reached it. */
  readonly asked: readonly string[];
}

/** Checks in memory: one server that is allowed, and nothing else. */
export function memoryChecks(): { readonly checks: Checks; readonly server: MemoryCheckServer } {
  let behaviour: CheckBehaviour = { status: 200, body: '' };
  const asked: string[] = [];
  const checks: Checks = {
    async ask({ url, method, timeoutMs }) {
      const forbidden = whyForbidden(url, ['checks.example.com']);
      if (forbidden !== undefined) throw forbidden;
      if (behaviour === 'Down') throw unanswered(url, 'it cannot be reached');
      const { pathname, search } = new URL(url);
      asked.push(`${method} ${pathname}${search}`);
      if (behaviour === 'Silent') throw unanswered(url, `no whole answer came within ${timeoutMs} ms`);
      if (Buffer.byteLength(behaviour.body) > checkLimitBytes)
        throw unanswered(url, `the answer is larger than ${checkLimitBytes} bytes`);
      return behaviour;
    },
  };
  const server: MemoryCheckServer = {
    origin: 'https://checks.example.com',
    behave: async (next) => void (behaviour = next),
    asked,
  };
  return { checks, server };
}
