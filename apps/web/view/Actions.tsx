import { useState } from 'react';
import type { Actions as Sensible } from '../model/actions.ts';
import { asksOf, type Ask, type AskedAt } from '../model/asks.ts';
import { short } from '../model/words.ts';
import { AskDialog } from './AskDialog.tsx';
import { useHub } from './hub.ts';

/** The buttons of a rollout, and what came of the last one. */
export function Actions({ actions, at }: { actions: Sensible; at: AskedAt }) {
  const { client, acted } = useHub();
  const [ask, setAsk] = useState<Ask>();
  const [done, setDone] = useState<string>();
  const { application, environment } = at;
  const act = async ({ verb, release }: Ask, reason: string): Promise<void> => {
    const target = { application, environment };
    const why = reason === '' ? {} : { reason };
    const { message, commit } = await (verb === 'approve'
      ? client.call('approve', { body: { ...target, ...why, ...(release !== undefined && { release }) } })
      : verb === 'resume'
        ? client.call('resume', { body: { ...target, ...why } })
        : client.call(verb, { body: { ...target, reason } }));
    setDone(commit === undefined ? message : `${message} Commit ${short(commit)}.`);
    setAsk(undefined);
    acted(application);
  };
  return (
    <>
      <div className="actions">
        {asksOf(actions, at).map((one) => (
          <button key={one.verb} type="button" className={one.look} onClick={() => setAsk(one)}>
            {one.label}
          </button>
        ))}
      </div>
      <output className="done-text">{done}</output>
      {ask && <AskDialog ask={ask} onClose={() => setAsk(undefined)} onConfirm={(reason) => act(ask, reason)} />}
    </>
  );
}
