import type { KubeObject } from '@fairlead/core/model';
import type { ResourceKind, WatchEvent, WatchOptions } from '../port.ts';
import { selects } from './selector.ts';
import type { Change } from './changes.ts';
import { kindId, type State } from './state.ts';
import { copy } from './values.ts';

/** An object as a watch or a metadata-only read shows it, in the version that was asked for. */
export function shown(kind: ResourceKind, object: KubeObject, metadataOnly: boolean): KubeObject {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  const { metadata } = object;
  return copy(metadataOnly ? { apiVersion, kind: kind.kind, metadata } : { ...object, apiVersion, kind: kind.kind });
}

/** Lists, then follows the changes of the state; lists again when it is told that they are forgotten. */
export async function* watchState(state: State, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { kind, namespace, signal } = options;
  const matches = selects(options.selector);
  const isInside = (object: KubeObject): boolean => !namespace || object.metadata.namespace === namespace;
  const selected = (object: KubeObject | undefined): boolean =>
    object !== undefined && isInside(object) && matches(object.metadata.labels);
  const show = (object: KubeObject): KubeObject => shown(kind, object, options.metadataOnly);
  let seen: number | undefined;
  while (!signal.aborted) {
    if (seen === undefined) {
      seen = state.version();
      const listed = state.all(kind).filter(selected);
      yield { type: 'Reset' };
      for (const object of listed) yield { type: 'Seen', object: show(object) };
      yield { type: 'Synced' };
    }
    const changes: readonly Change[] | undefined = state.since(seen);
    if (changes?.length === 0) await nextChange(state, signal);
    else seen = changes?.at(-1)?.version;
    for (const { id, object, before, deleted } of changes ?? []) {
      if (signal.aborted) return;
      if (id !== kindId(kind)) continue;
      // A filtered watch hears DELETED also for an object that no longer matches.
      if (selected(object) && !deleted) yield { type: 'Seen', object: show(object) };
      else if (selected(before)) yield { type: 'Gone', object: show(object) };
    }
  }
}

function nextChange(state: State, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      forget();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const forget = state.onChange(end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
