import { useEffect, useState } from 'react';
import { nextTickMs, spanText } from '../model/words.ts';

/** How long until a moment of the hub's clock. Its timer asks nobody for anything. */
export function Countdown({ atMs }: { atMs: number }) {
  // Another moment is counted from now, not from when the last one's text changed.
  return <Ticking key={atMs} atMs={atMs} />;
}

function Ticking({ atMs }: { atMs: number }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  const leftMs = atMs - nowMs;
  useEffect(() => {
    if (leftMs <= 0) return;
    const timer = setTimeout(() => setNowMs(Date.now()), nextTickMs(leftMs));
    return () => clearTimeout(timer);
  }, [leftMs]);
  const moment = new Date(atMs);
  return (
    <time dateTime={moment.toISOString()} title={moment.toLocaleString()}>
      {leftMs <= 0 ? 'now' : `in ${spanText(leftMs)}`}
    </time>
  );
}
