import { expect, test } from 'vitest';
import { isBrokerAddress } from './brokers.ts';

test.each(['nats://nats:4222', 'tls://10.0.0.1:4222', 'tls://[::1]:4222', 'tls://a:4222,tls://b:4222,nats://c:1'])(
  '%s is where a broker is',
  (text) => {
    expect(isBrokerAddress(text)).toBe(true);
  },
);

test.each([
  '',
  'nats:4222',
  'http://nats:4222',
  'nats://nats',
  'nats://u:p@nats:4222',
  'nats://a:1,',
  'nats://a:1, nats://b:1',
])('"%s" is not', (text) => {
  expect(isBrokerAddress(text)).toBe(false);
});
