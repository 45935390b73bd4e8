import type { KubeObject, ObjectKey } from '@fairlead/core/model';
import { updateTo } from './fake/managers.ts';
import { readingOf } from './fake/reading.ts';
import { forbidden } from './fake/refusals.ts';
import type { FakeCall, FakeClusterOptions, Server } from './fake/server.ts';
import { emptyState, timeText } from './fake/state.ts';
import { copy } from './fake/values.ts';
import { writingOf } from './fake/writing.ts';
import { assertIdentity } from './identity.ts';
import type { ClusterApi } from './port.ts';

/** A Kubernetes API server in memory, good enough for the tests of whatever uses the port. */
export interface FakeCluster extends ClusterApi {
  /** The last 10,000 calls, the newest last. */
  readonly calls: readonly FakeCall[];
  /** Called before each call, with the power to delay it or to fail it by a throw; the function that is returned takes it back. */
  intercept(hook: (call: FakeCall) => void | Promise<void>): () => void;
  /** What lives, in the order of keys; of one kind, if it is named. */
  objects(kind?: { group: string; kind: string }): readonly KubeObject[];
  find(key: ObjectKey): KubeObject | undefined;
  /** A write by another hand, such as `kubectl-edit` (the default manager) or a controller (`subresource: 'status'`). Throws if there is no such object. */
  edit(
    key: ObjectKey,
    change: (object: KubeObject) => KubeObject,
    by?: { manager?: string; subresource?: string },
  ): KubeObject;
  /** A deletion by another hand; finalizers hold it. */
  remove(key: ObjectKey): void;
  /** Makes every watch list again, as after a 410. */
  expireWatches(): void;
}

const mostCalls = 10_000;

/** Makes a fake server with the namespaces `default`, `kube-system` and no other object. */
export function fakeCluster(options: FakeClusterOptions = {}): FakeCluster {
  const now = options.now ?? Date.now;
  const state = emptyState({ now, establish: options.establishCrds ?? true });
  const calls: FakeCall[] = [];
  const hooks = new Set<(call: FakeCall) => void | Promise<void>>();
  const server: Server = {
    state,
    options,
    time: () => timeText(now()),
    async enter(call) {
      assertIdentity(call.identity);
      calls.push(call);
      if (calls.length > mostCalls) calls.shift();
      for (const hook of hooks) await hook(call);
      if (options.mayDo?.(call) === false) throw forbidden(call);
    },
  };
  const namespaces = state.kinds().find((kind) => kind.kind === 'Namespace');
  for (const name of ['default', 'kube-system']) {
    if (namespaces) state.commit(namespaces, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  return {
    calls,
    intercept(hook) {
      hooks.add(hook);
      return () => void hooks.delete(hook);
    },
    objects: (kind) => copy(state.all(kind)),
    find: (key) => copy(state.get(key)),
    edit(key, change, { manager = 'kubectl-edit', subresource } = {}) {
      const live = state.get(key);
      const kind = state.kinds().find((each) => each.group === key.group && each.kind === key.kind);
      if (!live || !kind) throw new Error(`the fake server has no ${key.kind} ${key.namespace}/${key.name}`);
      const writer = { manager, time: server.time(), ...(subresource === undefined ? {} : { subresource }) };
      return copy(state.commit(kind, live, updateTo(live, change(copy(live)), writer)));
    },
    remove(key) {
      const live = state.get(key);
      if (live) state.remove(live);
    },
    expireWatches: () => state.forgetChanges(),
    ...readingOf(server),
    ...writingOf(server),
  };
}
