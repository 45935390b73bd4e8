import { FairleadError } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Calls that end when they are told. */
function server() {
  const open: { name: string; end: (error?: FairleadError) => void }[] = [];
  return {
    open,
    call: (name: string) => () =>
      new Promise<void>(
        (resolve, reject) => void open.push({ name, end: (error) => (error ? reject(error) : resolve()) }),
      ),
  };
}

describe('the pace', () => {
  it('grows while answers come quickly and every place is taken, up to its bound', async () => {
    const clock = manualClock();
    const pace = createPace(clock);
    const { open, call } = server();
    for (let n = 0; n < 600; n += 1) void pace.run('bulk', call(`${n}`));
    expect(open).toHaveLength(16);
    let most = 0;
    while (open.length > 0) {
      most = Math.max(most, open.length);
      clock.advance(5);
      open.shift()?.end();
      await turn();
    }
    expect(most).toBe(64);
  });

  it('halves on 429 and waits as long as the server asks', async () => {
    const clock = manualClock();
    const pace = createPace(clock);
    const { open, call } = server();
    const refused = pace.run('bulk', call('first')).catch((error: unknown) => error);
    open
      .shift()
      ?.end(
        new FairleadError('Cannot', { code: 'ResourceExhausted', reason: 'RateLimited', retry: { afterMs: 3000 } }),
      );
    await refused;
    expect(pace.limit).toBe(8);
    void pace.run('bulk', call('second'));
    await turn();
    expect(open).toHaveLength(0);
    clock.advance(3000);
    await turn();
    expect(open.map(({ name }) => name)).toEqual(['second']);
  });

  it('goes on after the pause though the timer comes a moment too early', async () => {
    const clock = manualClock();
    const early = { now: clock.now, after: (ms: number, done: () => void) => clock.after(Math.max(1, ms - 1), done) };
    const pace = createPace(early);
    const { open, call } = server();
    const refused = pace.run('bulk', call('first')).catch((error: unknown) => error);
    open
      .shift()
      ?.end(
        new FairleadError('Cannot', { code: 'ResourceExhausted', reason: 'RateLimited', retry: { afterMs: 1000 } }),
      );
    await refused;
    void pace.run('bulk', call('second'));
    for (let ms = 0; ms < 1100; ms += 1) clock.advance(1);
    await turn();
    expect(open.map(({ name }) => name)).toEqual(['second']);
  });

  it('lets corrections pass the bulk', async () => {
    const pace = createPace(manualClock());
    const { open, call } = server();
    for (let n = 0; n < 40; n += 1) void pace.run('bulk', call(`bulk-${n}`));
    for (let n = 0; n < 6; n += 1) void pace.run('correction', call(`correction-${n}`));
    expect(open.filter(({ name }) => name.startsWith('correction'))).toHaveLength(4);
    open.shift()?.end();
    await turn();
    expect(open.at(-1)?.name).toBe('correction-4');
  });
});
