import { expect, it } from 'vitest';
import { readReply, type ServerGate } from './read.ts';

const asking = { timeout: '10s', retries: 3, every: '1m' };
const check = (pass: string): ServerGate => ({ check: { http: { url: 'https://a', method: 'GET' }, pass, ...asking } });
const metric = (pass: string): ServerGate => ({
  metric: { prometheus: { url: 'https://a', query: 'q' }, pass, ...asking },
});
const vector = (...values: string[]) =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value, n) => ({ metric: { pod: `p${n}` }, value: [1, value] })) },
  });
const read = (gate: ServerGate, body: string, status = 200) =>
  readReply(gate, { host: 'checks.example.com', reply: { status, body } });

it.each([
  [
    'a status',
    check('response.status == 200'),
    'x',
    'Yes',
    'checks.example.com answered 200: `response.status == 200` holds.',
  ],
  [
    'another status',
    check('response.status == 204'),
    'x',
    'No',
    'checks.example.com answered 200: `response.status == 204` does not hold.',
  ],
  ['a body', check('response.body.contains("ready")'), 'all ready', 'Yes', 'holds'],
  ['a field of JSON', check('response.json.errors < 3'), '{"errors":2}', 'Yes', 'holds'],
  ['one sample', metric('value < 0.01'), vector('0.002'), 'Yes', 'The query gave 0.002: `value < 0.01` holds.'],
  ['a whole number', metric('value < 5'), vector('7'), 'No', 'The query gave 7: `value < 5` does not hold.'],
  [
    'several samples',
    metric('result.all(r, r.value < 1)'),
    vector('0.5', '2'),
    'No',
    'The query gave 2 samples, the first 0.5',
  ],
  ['labels', metric('result.exists(r, r.labels.pod == "p1")'), vector('1', '2'), 'Yes', 'holds'],
  ['a scalar', metric('value == 3'), '{"data":{"resultType":"scalar","result":[1,"3"]}}', 'Yes', 'The query gave 3'],
] as const)('judges %s', (_what, gate, body, outcome, words) => {
  const said = read(gate, body);
  expect(said.outcome).toBe(outcome);
  expect(said.message).toContain(words);
});

it.each([
  ['a field that is not there', check('response.json.errors < 3'), '{}'],
  ['JSON where there is none', check('response.json.errors < 3'), 'oops'],
  ['an expression that is none', check('response.('), ''],
  ['an expression that is neither true nor false', check('response.status'), ''],
  ['a name that nobody knows', check('value < 1'), ''],
  [
    'an expression without end',
    check('response.json.all(a, response.json.all(b, response.json.all(c, a + b + c >= 0)))'),
    JSON.stringify(Array.from({ length: 1000 }, () => 1)),
  ],
  ['no data', metric('value < 1'), vector()],
  ['no number', metric('value < 1'), vector('NaN')],
  ['infinity', metric('value > 1'), vector('+Inf')],
  ['one value where there are two', metric('value < 1'), vector('0', '0')],
  [
    'more samples than are looked at',
    metric('result.all(r, r.value == 0.0)'),
    vector(...Array.from({ length: 101 }, () => '0')),
  ],
  ['a range', metric('value < 1'), '{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"0"]]}]}}'],
  ['a failed query', metric('true'), '{"status":"error"}'],
  ['a page in the place of data', metric('true'), '<html>'],
] as const)('does not know what to make of %s', (_what, gate, body) => {
  expect(read(gate, body).outcome).toBe('Unknown');
});

it('a metric of a server that fails is unknown, whatever its body says', () => {
  expect(read(metric('true'), vector('1'), 503)).toMatchObject({
    outcome: 'Unknown',
    message: 'checks.example.com answered 503, and no result of a query.',
  });
});
