import { createHmac } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { WebhookController } from './webhook.ts';

const secret = 'a secret of some length';
const rung: string[] = [];
let given = secret;
const controller = new WebhookController({ secret: async () => given, ring: (urls) => void rung.push(...urls) });

beforeEach(() => {
  rung.length = 0;
  given = secret;
});

const notice = {
  repository: { clone_url: 'https://git.example.com/web.git', html_url: 'https://git.example.com/web' },
};

function sign(body: string, key = secret): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
}

/** As the listener hands it over: the body as it came, and as it was read. */
function send(body: unknown, signature: string | undefined): Promise<{ rung: number }> {
  const rawBody = Buffer.from(JSON.stringify(body));
  return controller.git({ rawBody, body } as unknown as Parameters<typeof controller.git>[0], signature);
}

/** Roles apart have their keys in the folder of --keys, and a hub alone in that of --data. */
const saysWhere = expect.stringMatching(/webhook-secret .*--keys.*--data/) as string;

test('a signed notice rings the addresses that it names', async () => {
  await send(notice, sign(JSON.stringify(notice)));
  expect(rung).toEqual(['https://git.example.com/web.git', 'https://git.example.com/web']);
});

test.each([
  ['none', undefined],
  ['one of another secret', sign(JSON.stringify(notice), 'another secret, long enough')],
  ['one of another body', sign('{}')],
  ['a short one', 'sha256=00'],
  // As long in characters as a right one, and longer in bytes.
  ['one that is not hexadecimal', `sha256=${'é'.repeat(64)}`],
])('a notice is refused with this signature: %s', async (_name, signature) => {
  await expect(send(notice, signature)).rejects.toMatchObject({
    code: 'Unauthenticated',
    reason: 'SignatureMissing',
    message: saysWhere,
  });
  expect(rung).toEqual([]);
});

test('an empty secret opens nothing', async () => {
  given = '';
  // Node signs with an empty key as with any other.
  const forged = `sha256=${createHmac('sha256', '').update(JSON.stringify(notice)).digest('hex')}`;
  await expect(send(notice, forged)).rejects.toMatchObject({ code: 'FailedPrecondition', message: saysWhere });
  expect(rung).toEqual([]);
});

test('only addresses of the web are rung', async () => {
  const odd = { repository: { clone_url: 'file:///etc/passwd', url: ['https://a.example'] }, project: null };
  await send(odd, sign(JSON.stringify(odd)));
  expect(rung).toEqual([]);
});
