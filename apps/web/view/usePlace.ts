import { useSyncExternalStore } from 'react';
import { placeOf, type Place } from '../model/place.ts';

function onMove(moved: () => void): () => void {
  addEventListener('hashchange', moved);
  return () => removeEventListener('hashchange', moved);
}

/** Where the page is, by its address. */
export function usePlace(): Place {
  return placeOf(useSyncExternalStore(onMove, () => location.hash));
}
