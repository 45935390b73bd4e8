import { pino } from 'pino';
import type { Log } from '@fairlead/roles/http';

/** JSON lines on standard error. Whatever carries a credential's name is never written. */
export function openLog(level: string): Log {
  const secrets = ['token', 'password', 'authorization', 'joinToken', 'keyPem', 'csrPem'];
  return pino(
    { level, redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '(secret)' } },
    pino.destination(2),
  );
}
