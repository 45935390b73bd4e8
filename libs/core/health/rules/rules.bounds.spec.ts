import { describe, expect, it } from 'vitest';
import { assessHealth, compileRules } from '../index.ts';

const ring = (status: object, metadata: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Ring',
  metadata: { name: 'cache', ...metadata },
  status,
});
const health = (healthy: string, object: ReturnType<typeof ring>) =>
  assessHealth(object, { rules: compileRules([{ target: {}, healthy }]) });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const tooLong = "the application's rule cannot be evaluated yet: it takes too long on this object; loop over less";

describe('what a rule may cost', () => {
  it('is enough for every condition of an object and loops in loops over short lists', () => {
    const nodes = numbers(60).map((index) => ({ name: `n${index}`, peers: numbers(60) }));
    expect(health('object.status.nodes.all(n, n.peers.all(p, p < 60))', ring({ nodes })).status).toBe('Healthy');
  });

  it.each([
    ['loops in loops', 'object.status.n.all(a, object.status.n.all(b, object.status.n.all(c, a + b + c >= 0)))'],
    [
      'loops in loops over literals',
      '[1,2,3,4,5,6,7,8].all(a, [1,2,3,4,5,6,7,8].all(b, [1,2,3,4,5,6,7,8].all(c, [1,2,3,4,5,6,7,8].all(d, [1,2,3,4,5,6,7,8].all(e, a + b + c + d + e > 0)))))',
    ],
    ['lists of lists', 'size(object.status.n.map(a, object.status.n.map(b, object.status.n))) > 0'],
    ['what an or would hide', 'object.status.n.all(a, object.status.n.all(b, a + b >= 0)) || true'],
    ['what exists would hide', '[1].exists(x, object.status.n.all(a, object.status.n.all(b, a + b >= 0)) || x == 1)'],
    ['filters of filters', 'size(object.status.n.filter(a, size(object.status.n.filter(b, b == a)) == 1)) > 0'],
  ])('ends %s', (_name, expression) => {
    expect(health(expression, ring({ n: numbers(1_000) }))).toMatchObject({ status: 'Progressing', message: tooLong });
  });

  it('ends texts that double in each loop', () => {
    const doubled = numbers(20).reduce((inner) => `${inner}.map(a, a + a)`, '["0123456789"]');
    expect(health(`size(${doubled}) == 1`, ring({})).message).toBe(tooLong);
  });

  it('lets a loop do less where texts are long', () => {
    const words = numbers(100).map(String);
    const expression = 'object.status.words.all(w, !object.status.log.contains(w + "x"))';
    expect(health(expression, ring({ words, log: 'quiet' })).status).toBe('Healthy');
    expect(health(expression, ring({ words, log: 'quiet'.repeat(2_000) })).message).toBe(tooLong);
  });

  it('begins anew with each object', () => {
    const rules = compileRules([{ target: {}, healthy: 'object.status.n.all(a, object.status.n.all(b, a + b >= 0))' }]);
    expect(assessHealth(ring({ n: numbers(1_000) }), { rules }).message).toBe(tooLong);
    expect(assessHealth(ring({ n: numbers(10) }), { rules }).status).toBe('Healthy');
  });

  it('does not grow with what others wrote into the object', () => {
    const copies = {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(200_000) },
      managedFields: [],
    };
    expect(health('object.status.n.all(a, a >= 0)', ring({ n: numbers(50) }, copies)).status).toBe('Healthy');
  });

  it.each(['["a"].join("b") == "a"', 'cel.bind(a, "b", a == "b")'])('has no place for %s', (expression) => {
    expect(() => compileRules([{ target: {}, healthy: expression }])).toThrow(/health\[0\]\.healthy.*is not offered/);
  });

  it('survives an object that is nested without end', () => {
    let deep: object = {};
    for (let level = 0; level < 50_000; level += 1) deep = { deep };
    const { status, message } = health('object.status.n == 1', ring(deep));
    expect(status).toBe('Progressing');
    expect(message).toMatch(/cannot be evaluated yet/);
  });
});

describe('what a rule sees of a Secret', () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db' },
    data: { password: 'aHVudGVyMg==', seven: 7 },
  };
  const judged = (healthy: string) => assessHealth(secret, { rules: compileRules([{ target: {}, healthy }]) });

  it('is which keys it has', () => {
    expect(judged('has(object.data.password) && !has(object.data.user)').status).toBe('Healthy');
  });

  it.each([
    'bool(object.data.password)',
    'object[object.data.password] == 1',
    'duration(object.data.password) > duration("1s")',
  ])('is no value, not even in the error of %s', (expression) => {
    const { status, message } = judged(expression);
    expect(status).toBe('Progressing');
    expect(message).toContain('cannot be evaluated yet');
    expect(message).not.toContain('aHVudGVyMg');
  });
});

describe('matches', () => {
  const matches = (text: string, pattern: string) =>
    health(`object.status.text.matches(${JSON.stringify(pattern)})`, ring({ text }));

  it.each([
    ['v1.20.3', '^v\\d+\\.\\d+(\\.\\d+)?$', true],
    ['v1.20.3-rc', '^v\\d+\\.\\d+(\\.\\d+)?$', false],
    ['all is well', 'is', true],
    ['', '^$', true],
    ['', 'a*', true],
    ['bbb', '^a*$', false],
    ['Ready', '^(Ready|Running)$', true],
    ['Running2', '^(Ready|Running)$', false],
    ['aaa', '^a{2,3}$', true],
    ['aaaa', '^a{2,3}$', false],
    ['aaaa', '^a{2,}$', true],
    ['aa', '^a{2}?$', true],
    ['x-9_Z', '^[\\w-]+$', true],
    ['a]b', '^a[]]b$', true],
    ['a^b', '^a[x^]b$', true],
    ['a.b', '^a[^.]b$', false],
    ['a\nb', '^a.b$', false],
    ['a\nb', '^a[^x]b$', true],
    ['a\tb', '^a\\sb$', true],
    ['{x}', '^{x}$', true],
    ['größe €', '^gr..e €$', true],
    ['😀', '^.$', true],
    ['abc', '\\Aabc\\z', true],
    ['ab', '^(?:a|b)+$', true],
    ['', '^(a*)*$', true],
    ['b', '(^a|b$)', true],
    ['ab', '^a(((){999}){999}){999}b$', true],
  ])('%j against %j: %s', (text, pattern, expected) => {
    expect(matches(text, pattern)).toEqual({
      status: expected ? 'Healthy' : 'Progressing',
      reason: expected ? 'Current' : 'ReconcileInProgress',
      message: expected
        ? "the application's rule calls it healthy"
        : "the application's rule does not call it healthy yet",
    });
  });

  it.each(['^(a+)+$', '^(a|aa)*$', '^(a|a)*$', '^(.*a){12}$'])(
    'ends at once where others would try for hours: %s',
    (pattern) => {
      expect(matches(`${'a'.repeat(400)}!`, pattern).status).toBe('Progressing');
    },
  );

  it.each([
    ['(a', 'a ( without a )'],
    ['a)', 'a ) without a ('],
    ['*a', '* repeats nothing'],
    ['[a', 'the pattern ends too early'],
    ['[[:digit:]]', 'named classes'],
    ['[a-\\d]', 'a class at its end'],
    ['(?=a)', 'groups are'],
    ['(a)\\1', '\\1 is not read'],
    ['\\b', '\\b is not read'],
    ['a{3,2}', 'counts backwards'],
    ['((a{100}){100}){100}', 'more than 1000 states'],
    ['a'.repeat(501), 'more than 500 characters'],
  ])('says what it cannot read of %s, before any object is judged', (pattern, why) => {
    const compile = () => compileRules([{ target: {}, healthy: `object.a.matches(${JSON.stringify(pattern)})` }]);
    expect(compile).toThrow(why);
  });

  it('says what it cannot read of a pattern that the object holds', () => {
    expect(health('"a".matches(object.status.pattern)', ring({ pattern: '(a' })).message).toBe(
      "the application's rule cannot be evaluated yet: the pattern has a ( without a )",
    );
  });
});
