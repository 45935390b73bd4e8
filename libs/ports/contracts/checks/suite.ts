import { checkLimitBytes, type Checks, type MemoryCheckServer } from '@fairlead/ports/checks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface Opened {
  readonly checks: Checks;
  readonly server: MemoryCheckServer;
  close(): Promise<void>;
}

/** Makes checks and the one server that they may ask, for the suite. */
export interface ChecksHarness {
  open(): Promise<Opened>;
}

/** What everybody promises who asks servers for gates; run against the fake and each adapter. */
export function checksContract(name: string, harness: ChecksHarness): void {
  describe(`checks contract: ${name}`, () => {
    let opened: Opened;
    const ask = (path: string, method: 'GET' | 'POST' = 'GET', timeoutMs = 5_000) =>
      opened.checks.ask({ url: `${opened.server.origin}${path}`, method, timeoutMs });
    beforeEach(async () => {
      opened = await harness.open();
    });
    afterEach(async () => {
      await opened.close();
    });

    test.each([200, 404, 503])('an answer of status %i is an answer', async (status) => {
      await opened.server.behave({ status, body: 'grün' });
      expect(await ask('/v/1?a=b')).toEqual({ status, body: 'grün' });
      expect(await ask('/v/1', 'POST')).toEqual({ status, body: 'grün' });
      expect(opened.server.asked).toEqual(['GET /v/1?a=b', 'POST /v/1']);
    });

    test('a redirect is an answer, and is not followed', async () => {
      await opened.server.behave({ status: 302, body: '' });
      expect(await ask('/old')).toEqual({ status: 302, body: '' });
      expect(opened.server.asked).toEqual(['GET /old']);
    });

    test('a body at the limit is taken, and a larger one is no answer', async () => {
      await opened.server.behave({ status: 200, body: 'x'.repeat(checkLimitBytes) });
      expect((await ask('/')).body).toHaveLength(checkLimitBytes);
      await opened.server.behave({ status: 200, body: 'x'.repeat(checkLimitBytes + 1) });
      await expect(ask('/')).rejects.toMatchObject({ reason: 'CheckUnanswered', retry: 'backoff' });
    });

    test.each(['Down', 'Silent'] as const)(
      'a server that is %s gave no answer, and nothing of the query is told',
      async (state) => {
        await opened.server.behave(state);
        const asking = ask('/path?token=hunter2', 'GET', 200);
        await expect(asking).rejects.toMatchObject({
          code: 'Unavailable',
          reason: 'CheckUnanswered',
          retry: 'backoff',
        });
        await expect(asking).rejects.not.toThrow(/hunter2|path/);
      },
    );

    test.each(['https://elsewhere.example.com/a?token=hunter2', 'http://127.0.0.1:1/', 'http://[::1]/'])(
      'nobody asks %s unless the hub may',
      async (url) => {
        const asking = opened.checks.ask({ url, method: 'GET', timeoutMs: 1_000 });
        await expect(asking).rejects.toMatchObject({
          code: 'PermissionDenied',
          reason: 'CheckForbidden',
          retry: 'never',
        });
        await expect(asking).rejects.not.toThrow(/hunter2/);
        expect(opened.server.asked).toEqual([]);
      },
    );
  });
}
