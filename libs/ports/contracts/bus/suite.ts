import { asFairleadError, type ClusterName } from '@fairlead/core/model';
import { mostAskedBytes, type Bus, type Payload } from '@fairlead/ports/bus';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gate, listener } from './listener.ts';

/** One bus as two processes see it; where there is one process only, both are the same. */
export interface BusPair {
  readonly here: Bus;
  readonly there: Bus;
}

/** Makes buses for the suite, with these bounds. A handler is tried three times, with pauses of a millisecond or two. */
export interface BusHarness {
  open(options: { readonly onError: (error: unknown) => void; readonly queueLimit: number }): Promise<BusPair>;
}

type Desired = Payload<'desired'>;
const bell = (name: string | number): Desired => ({ clusters: [`c${name}` as ClusterName] });
const queueLimit = 20;

/** What every bus promises; run against the fake and each adapter. */
export function busContract(name: string, harness: BusHarness): void {
  describe(`bus contract: ${name}`, () => {
    let pair: BusPair;
    let errors: unknown[];
    beforeEach(async () => {
      errors = [];
      pair = await harness.open({ onError: (error) => errors.push(error), queueLimit });
    });
    afterEach(async () => {
      await pair.here.close();
      await pair.there.close();
    });
    const at = { pair: () => pair, errors: () => errors };
    delivery(at);
    failures(at);
    pressure(at);
    ends(at);
    questions(at);
  });
}

interface At {
  pair(): BusPair;
  errors(): readonly unknown[];
}

function delivery(at: At): void {
  test('every subscriber of a subject, in every process, hears it in order, and no other subject', async () => {
    const { here, there } = at.pair();
    const ears = [listener<unknown>(3), listener<unknown>(3), listener<unknown>(3)] as const;
    here.subscribe('desired', ears[0].hear);
    here.subscribe('desired', ears[1].hear);
    there.subscribe('desired', ears[2].hear);
    there.subscribe('head', () => ears[0].hear('wrong'));
    for (const n of [1, 2, 3]) await here.publish('desired', bell(n));
    for (const ear of ears) expect(await ear.all).toEqual([bell(1), bell(2), bell(3)]);
  });

  test('a message arrives as it was published, with its trace', async () => {
    const { here, there } = at.pair();
    const ear = listener<Payload<'statuses'>>(1);
    there.subscribe('statuses', ear.hear);
    const said = { clusters: [], applications: [], traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    await here.publish('statuses', said);
    expect(await ear.all).toEqual([said]);
  });

  test('a subscriber handles one message at a time', async () => {
    const { here, there } = at.pair();
    let [busy, most] = [0, 0];
    const ear = listener<Desired>(3);
    there.subscribe('desired', async (payload) => {
      most = Math.max(most, (busy += 1));
      await Promise.resolve();
      busy -= 1;
      ear.hear(payload);
    });
    for (const n of [1, 2, 3]) await here.publish('desired', bell(n));
    await ear.all;
    expect(most).toBe(1);
  });

  test('a handler may publish', async () => {
    const { here, there } = at.pair();
    const ear = listener<unknown>(1);
    here.subscribe('head', () => here.publish('release', { applications: [] }));
    there.subscribe('release', ear.hear);
    await there.publish('head', {});
    expect(await ear.all).toEqual([{ applications: [] }]);
  });

  test('a message equal to one that still waits may be said once, and is said', async () => {
    const { here, there } = at.pair();
    const slow = gate<Desired>((payload) => payload.clusters?.[0] === bell('last').clusters?.[0]);
    there.subscribe('desired', slow.hear);
    await here.publish('desired', bell(0));
    for (const n of [1, 1, 2]) await here.publish('desired', bell(n));
    await here.publish('desired', bell('last'));
    slow.open();
    await slow.last;
    const after = slow.heard.filter(
      (payload, index) => JSON.stringify(payload) !== JSON.stringify(slow.heard[index - 1]),
    );
    expect(after).toEqual([bell(0), bell(1), bell(2), bell('last')]);
  });
}

function failures(at: At): void {
  test('what a handler rejects is delivered again, before the next', async () => {
    const { here, there } = at.pair();
    const ear = listener<Desired>(3);
    there.subscribe('desired', (payload) => {
      ear.hear(payload);
      if (ear.heard.length === 1) throw new Error('on purpose');
    });
    await here.publish('desired', bell(1));
    await here.publish('desired', bell(2));
    expect(await ear.all).toEqual([bell(1), bell(1), bell(2)]);
    expect(at.errors()).toEqual([]);
  });

  test('what is rejected for good is told of and counts as lost, and the next is heard', async () => {
    const { here, there } = at.pair();
    const ear = listener<unknown>(5);
    there.subscribe(
      'desired',
      (payload) => {
        ear.hear(payload);
        if (payload.clusters?.[0] === bell(1).clusters?.[0]) throw new Error('on purpose');
      },
      {
        lost() {
          ear.hear('lost');
          // What came before the loss is let go: whoever looks at the store has it.
          void here.publish('desired', bell(2));
        },
      },
    );
    await here.publish('desired', bell(1));
    expect(await ear.all).toEqual([bell(1), bell(1), bell(1), 'lost', bell(2)]);
    expect(at.errors().map(String)).toEqual(['Error: on purpose']);
  });

  test('a subscriber that cannot even look anew is told of, and hears the next', async () => {
    const { here, there } = at.pair();
    const ear = listener<unknown>(2);
    const seen = listener<unknown>(1);
    there.subscribe(
      'desired',
      (payload) => {
        ear.hear(payload);
        if (payload.clusters?.[0] === bell(1).clusters?.[0]) throw new Error('a handler');
        seen.hear(payload);
      },
      {
        lost() {
          void here.publish('desired', bell(2));
          throw new Error('and lost');
        },
      },
    );
    await here.publish('desired', bell(1));
    expect(await seen.all).toEqual([bell(2)]);
    expect(at.errors().map(String)).toEqual(['Error: a handler', 'Error: and lost']);
  });
}

function pressure(at: At): void {
  test('a queue is bounded: who is too slow is told so once, and hears the newest', async () => {
    const { here, there } = at.pair();
    const slow = gate<Desired>((payload) => payload.clusters?.[0] === bell('last').clusters?.[0]);
    let lost = 0;
    there.subscribe('desired', slow.hear, { lost: () => void (lost += 1) });
    const other = listener<Desired>(0);
    there.subscribe('desired', other.hear);
    await here.publish('desired', bell(0));
    await slow.entered;
    for (let n = 1; n < 10 * queueLimit; n += 1) {
      await here.publish('desired', bell(n));
      await other.reached(n + 1);
    }
    await here.publish('desired', bell('last'));
    slow.open();
    await slow.last;
    expect(lost).toBe(1);
    expect(slow.heard.length).toBeLessThanOrEqual(queueLimit + 1);
  });

  test('a subscriber that never ends its work does not hold up the others', async () => {
    const { here, there } = at.pair();
    const [stuck, other, elsewhere] = [gate<Desired>(() => true), listener<Desired>(3), listener<unknown>(1)];
    there.subscribe('desired', stuck.hear);
    there.subscribe('desired', other.hear);
    there.subscribe('head', elsewhere.hear);
    for (const n of [1, 2, 3]) await here.publish('desired', bell(n));
    await here.publish('head', {});
    expect(await other.all).toHaveLength(3);
    expect(await elsewhere.all).toEqual([{}]);
    expect(stuck.heard).toEqual([bell(1)]);
    stuck.open();
  });
}

function ends(at: At): void {
  test('who stopped hears nothing more, also of what waits', async () => {
    const { here, there } = at.pair();
    const [slow, other] = [gate<unknown>(() => true), listener<unknown>(3)];
    const stop = there.subscribe('desired', slow.hear);
    there.subscribe('desired', other.hear);
    await here.publish('desired', bell(1));
    await slow.entered;
    await here.publish('desired', bell(2));
    await here.publish('desired', bell(3));
    await other.all;
    stop();
    slow.open();
    await slow.last;
    await here.publish('head', {});
    expect(slow.heard).toEqual([bell(1)]);
  });

  test('a closed bus refuses, and nobody hears it', async () => {
    const { here, there } = at.pair();
    await here.close();
    await there.close();
    const refusal = { code: 'Unavailable', reason: 'Shutdown' };
    await expect(here.publish('head', {})).rejects.toMatchObject(refusal);
    expect(() => here.subscribe('head', () => undefined)).toThrow(expect.objectContaining(refusal));
    await here.close();
  });
}

const soon = { withinMs: 20_000 };

function questions(at: At): void {
  test('who serves a name is asked, from any process, and answers several questions at a time', async () => {
    const { here, there } = at.pair();
    const both = Promise.withResolvers<void>();
    let open = 0;
    there.serve('gateway-1', async (question) => {
      open += 1;
      if (open === 2) both.resolve();
      await both.promise;
      return `${question}!`;
    });
    there.serve('gateway-2', async () => 'another');
    const asked = await untilServed(here, 'gateway-2');
    expect(asked).toBe('another');
    const answers = [here.ask('gateway-1', 'é', soon), there.ask('gateway-1', 'b', soon)];
    expect(await Promise.all(answers)).toEqual(['é!', 'b!']);
  });

  test('a name that nobody serves, or nobody serves any more, is told at once', async () => {
    const { here, there } = at.pair();
    await expect(here.ask('nobody', 'x', soon)).rejects.toMatchObject({ code: 'NotFound' });
    const stop = there.serve('gateway-1', async () => 'here');
    await untilServed(here, 'gateway-1');
    stop();
    // The other process hears of it in its own time, and until then nobody answers.
    await expect.poll(() => here.ask('gateway-1', 'x', { withinMs: 500 }).catch(codeOf)).toBe('NotFound');
  });

  test('an answer that does not come in time, one that fails and one that is too long are errors', async () => {
    const { here, there } = at.pair();
    there.serve('never', () => new Promise(() => undefined));
    there.serve('fails', () => Promise.reject(new Error('on purpose')));
    there.serve('long', async () => 'x'.repeat(mostAskedBytes + 1));
    there.serve('last', async () => '');
    expect(await untilServed(here, 'last')).toBe('');
    expect(await here.ask('never', 'x', { withinMs: 20 }).catch(codeOf)).toBe('DeadlineExceeded');
    await expect(here.ask('fails', 'x', soon)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('on purpose') as string,
    });
    await expect(here.ask('long', 'x', soon)).rejects.toThrow(/the bus takes/);
    await expect(here.ask('last', 'x'.repeat(mostAskedBytes + 1), soon)).rejects.toMatchObject({
      code: 'InvalidInput',
    });
  });

  test('a bus that is closed neither asks nor serves', async () => {
    const { here } = at.pair();
    await here.close();
    await expect(here.ask('any', 'x', soon)).rejects.toMatchObject({ reason: 'Shutdown' });
    expect(() => here.serve('any', async () => '')).toThrow(/closed/);
  });
}

/** Who begins to serve is known to the other process in that one's own time. */
async function untilServed(bus: Bus, name: string): Promise<string> {
  for (;;) {
    const answer = await bus.ask(name, '', soon).catch(codeOf);
    if (answer !== 'NotFound') return answer;
  }
}

function codeOf(error: unknown): string {
  return asFairleadError(error).code;
}
