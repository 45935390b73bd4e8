import { expect, test } from 'vitest';
import { conceal } from './index.ts';

test('texts under a name that says secret are masked, whatever the name is written like', () => {
  const data = {
    DB_PASSWORD: 'x',
    'api-key': 'x',
    clientSecret: 'x',
    user: 'ada',
    TOKEN: 'x',
    url: 'https://u:p@git/x',
  };
  expect(conceal({ data })).toEqual({
    data: {
      DB_PASSWORD: '(masked)',
      'api-key': '(masked)',
      clientSecret: '(masked)',
      user: 'ada',
      TOKEN: '(masked)',
      url: 'https://(secret)@git/x',
    },
  });
});

test('an environment variable is judged by its name, and a reference to a Secret stays readable', () => {
  const env = [
    { name: 'SMTP_PASSWORD', value: 'hunter2' },
    { name: 'REGION', value: 'eu' },
    { name: 'ADMIN_TOKEN', valueFrom: { secretKeyRef: { name: 'admin', key: 'value' } } },
  ];
  expect(conceal({ env })).toEqual({ env: [{ name: 'SMTP_PASSWORD', value: '(masked)' }, env[1], env[2]] });
});

test('what kubectl remembers of a manifest is masked as a whole', () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"1"}}', note: 'kept' };
  expect(conceal({ metadata: { annotations } })).toEqual({
    metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '(masked)', note: 'kept' } },
  });
});

test('numbers, truths and big integers pass', () => {
  const value = { automountServiceAccountToken: true, replicas: 3, big: 12345678901234567890n, none: null };
  expect(conceal(value)).toEqual(value);
});
