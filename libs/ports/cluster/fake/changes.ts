import type { KubeObject } from '@fairlead/core/model';

/** What happened to an object, for watches. */
export interface Change {
  readonly version: number;
  readonly id: string;
  readonly object: KubeObject;
  /** As it was; undefined for a new one. */
  readonly before: KubeObject | undefined;
  readonly deleted: boolean;
}

/** What watches go on from. */
export interface ChangeLog {
  add(change: Change): void;
  since(version: number): readonly Change[] | undefined;
  /** From now on nothing before this version is known. */
  forget(version: number): void;
  onChange(listener: () => void): () => void;
}

/** How many changes are remembered; half of them go when there are more. */
const mostChanges = 10_000;

/** An empty log. */
export function changeLog(): ChangeLog {
  const listeners = new Set<() => void>();
  let changes: Change[] = [];
  let oldest = 0;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    add(change) {
      changes.push(change);
      if (changes.length > mostChanges) oldest = changes.splice(0, mostChanges / 2).at(-1)?.version ?? oldest;
      tell();
    },
    since: (version) => (version < oldest ? undefined : changes.filter((change) => change.version > version)),
    forget(version) {
      changes = [];
      oldest = version;
      tell();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
