import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { clientOf, type Client } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { concernsOf } from '../live/concerns.ts';
import { follow, type Ears } from '../live/follow.ts';
import { refresherOf } from '../live/refresh.ts';
import { wakes } from '../wakes.ts';
import { Board } from './Board.tsx';
import { Header, type Line } from './Header.tsx';
import { HubContext } from './hub.ts';
import { Rollout } from './Rollout.tsx';
import { usePlace } from './usePlace.ts';

/** Answers are good until an event says otherwise: none that could be read is asked for by the clock. */
function cacheOf(onEnd: (why: string) => void): QueryClient {
  const kept = new QueryClient({
    defaultOptions: {
      queries: { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: false },
    },
  });
  kept.getQueryCache().subscribe(({ type, query }) => {
    const { error } = query.state;
    if (type === 'updated' && error instanceof Refusal && error.status === 401) onEnd(error.message);
  });
  return kept;
}

/** Follows the hub for as long as somebody is signed in, and reads anew what its events concern. */
function useLive(token: string, onEnd: (why?: string) => void) {
  const parts = useMemo(() => {
    const client = clientOf(token);
    const kept = cacheOf(onEnd);
    return { client, kept, refresher: refresherOf(client, kept) };
  }, [token, onEnd]);
  const { client, refresher } = parts;
  const [line, setLine] = useState<Line>('Dialling');
  useEffect(() => {
    const over = new AbortController();
    const ears: Ears = {
      opened() {
        setLine('Live');
        refresher.all();
      },
      heard(frame) {
        const what = concernsOf(frame);
        if (what) refresher.concerns(what);
      },
      lost: () => setLine('Lost'),
      refused: ({ message }) => onEnd(message),
    };
    void follow(client, { ears, signal: over.signal, wakes });
    return () => over.abort();
  }, [client, refresher, onEnd]);
  return { ...parts, line };
}

/** What somebody sees who signed in. */
export function Session({ token, onEnd }: { token: string; onEnd: (why?: string) => void }) {
  const { client, kept, refresher, line } = useLive(token, onEnd);
  const hub = useMemo(
    () => ({ client, acted: (application: string) => refresher.concerns({ applications: [application] }) }),
    [client, refresher],
  );
  return (
    <HubContext value={hub}>
      <QueryClientProvider client={kept}>
        <Inside client={client} line={line} onSignOut={() => onEnd()} />
      </QueryClientProvider>
    </HubContext>
  );
}

function Inside({ client, line, onSignOut }: { client: Client; line: Line; onSignOut: () => void }) {
  const place = usePlace();
  const me = useQuery({ queryKey: ['me'], queryFn: () => client.call('getMe') });
  return (
    <>
      <Header name={me.data?.name} line={line} onSignOut={onSignOut} />
      <main>
        {place.kind === 'Board' ? <Board /> : <Rollout key={`${place.environment}/${place.application}`} {...place} />}
      </main>
    </>
  );
}
