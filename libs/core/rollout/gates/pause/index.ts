import type { Gate } from '@fairlead/core/model';
import type { GateKind } from '../verdict.ts';

type PauseGate = Extract<Gate, { pause: unknown }>;

/** `pause`: every candidate stops here until somebody lets this one go on. */
export const pause: GateKind<'resumed'> = {
  kind: 'pause',
  uses: ['resumed'],
  judge(gate, { resumed }) {
    const about = { gate: 'pause', excluded: [] };
    const [first] = resumed;
    if (first !== undefined) {
      const trailer = `pause=${first.name.replaceAll(/[\s,]+/g, ' ')}`;
      return { ...about, verdict: 'Passed', reason: 'Entered', message: `${first.name} let it go on.`, trailer };
    }
    const message = `Paused: ${(gate as PauseGate).pause.reason}. \`fairlead resume\` lets this candidate go on.`;
    return { ...about, verdict: 'Waiting', reason: 'Paused', message, trailer: 'pause waiting' };
  },
};
