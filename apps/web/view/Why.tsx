import { Countdown } from './Countdown.tsx';

/** Why something is as it is: a sentence, the word of the closed list, and when it is looked at again. */
export function Why({ message, reason, lookAtMs }: { message: string; reason: string; lookAtMs?: number | undefined }) {
  return (
    <p className="why">
      {message} <span className="reason">{reason}</span>
      {lookAtMs !== undefined && (
        <span className="faint">
          {' '}
          looked at again <Countdown atMs={lookAtMs} />
        </span>
      )}
    </p>
  );
}
