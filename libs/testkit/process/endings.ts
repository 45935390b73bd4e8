/** Ends what was started, last first; also what is still starting. */
export interface Endings {
  add(end: () => Promise<unknown>): void;
  /** Adds the end of what was started, and returns it. */
  of<Started extends { stop(): Promise<unknown> }>(started: Started): Started;
  /** Ends all that was added since the last time. Rejects with the first failure; what was started before it runs on. */
  readonly stop: () => Promise<void>;
}

/** Makes an empty list of endings. */
export function createEndings(): Endings {
  const ends: (() => Promise<unknown>)[] = [];
  return {
    add: (end) => void ends.push(end),
    of(started) {
      ends.push(() => started.stop());
      return started;
    },
    async stop() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}
