import { FairleadError } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { openLog } from './log.ts';

const lines: Record<string, unknown>[] = [];
const log = openLog({
  role: 'gateway',
  instance: 'gateway-1',
  write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
});

test('a line is JSON with level, role and instance', () => {
  log.warn({ cluster: 'dev-1' }, 'problem');
  expect(lines.at(-1)).toMatchObject({ level: 'warn', role: 'gateway', instance: 'gateway-1', msg: 'problem' });
  expect(lines.at(-1)).toMatchObject({ cluster: 'dev-1' });
});

test('a credential is not written, whether it has its name or stands in a sentence', () => {
  const secret = 'q3Jx0ZLkW9uYtB7eRvN2cMhPsA4dGfK8iOoUyTrEwQ1';
  const err = new FairleadError(`Cannot read https://bob:${secret}@git.example/web.git`, {
    code: 'Unavailable',
    reason: 'SourceUnavailable',
  });
  log.error({ err, request: { headers: { authorization: `Bearer ${secret}` } }, token: secret }, `took ${secret}`);
  expect(JSON.stringify(lines.at(-1))).not.toContain(secret);
  expect(lines.at(-1)).toMatchObject({ token: '(secret)', msg: 'took (secret)', err: { reason: 'SourceUnavailable' } });
});
