/** A handler that collects what it hears. */
export interface Listener<P> {
  readonly hear: (payload: P) => void;
  readonly heard: P[];
  /** Resolves with what was heard when there are `count` of them. */
  readonly all: Promise<P[]>;
  /** Resolves when so many were heard. */
  reached(count: number): Promise<void>;
}

/** Collects messages until `count` are there. */
export function listener<P>(count: number): Listener<P> {
  const heard: P[] = [];
  const waiting = new Map<number, () => void>();
  const reached = (wanted: number): Promise<void> =>
    heard.length >= wanted ? Promise.resolve() : new Promise((resolve) => void waiting.set(wanted, resolve));
  return {
    heard,
    all: reached(count).then(() => heard),
    reached,
    hear(payload) {
      waiting.get(heard.push(payload))?.();
    },
  };
}

/** A handler that holds its first message until it is opened, and tells when it heard the one that is waited for. */
export function gate<P>(isLast: (payload: P) => boolean) {
  const open = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const last = Promise.withResolvers<void>();
  const heard: P[] = [];
  return {
    heard,
    open: open.resolve,
    /** Resolves when the handler has its first message. */
    entered: first.promise,
    last: last.promise,
    async hear(payload: P): Promise<void> {
      heard.push(payload);
      first.resolve();
      await open.promise;
      if (isLast(payload)) last.resolve();
    },
  };
}
