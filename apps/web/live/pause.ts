/** How pauses grow. */
export interface Growth {
  readonly firstMs: number;
  readonly mostMs: number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/**
 * How long to wait after the n-th failure in a row: doubled each time up to the most, and by chance up to half of it less,
 * so that not all tabs come back at once.
 */
export function pauseMs(failures: number, { firstMs, mostMs, random = Math.random }: Growth): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.max(0, failures - 1));
  return whole * (1 - random() / 2);
}

/** Calls back when waiting longer makes no sense: the tab is looked at again, or the machine is online. Returns how to stop. */
export type Wakes = (wake: () => void) => () => void;

/** Waits; not past the signal's end, nor past a wake. */
export function pause(ms: number, { signal, wakes }: { signal?: AbortSignal; wakes?: Wakes } = {}): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      stop?.();
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
    const stop = wakes?.(end);
  });
}
