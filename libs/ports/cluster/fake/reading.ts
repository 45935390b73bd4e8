import type { ClusterApi, Identity } from '../port.ts';
import { keyIn, kindOf, served } from './refusals.ts';
import { selects } from './selector.ts';
import type { Server } from './server.ts';
import { shown, watchState } from './watching.ts';

/** The reading half of the port. */
export function readingOf(
  server: Server,
): Pick<
  ClusterApi,
  'kindOf' | 'preferredKind' | 'kindsOfGroup' | 'forgetKinds' | 'version' | 'get' | 'list' | 'watch'
> {
  const { state } = server;
  const self: Identity = { as: 'self' };
  return {
    kindOf: async (object) => kindOf(state, object),
    preferredKind: async (group, kind) => state.kinds().find((each) => each.group === group && each.kind === kind),
    kindsOfGroup: async (group) => {
      const kinds = state.kinds().filter((each) => each.group === group);
      return kinds.filter((each) => each === kinds.find(({ kind }) => kind === each.kind));
    },
    forgetKinds: () => undefined,
    version: async () => server.options.version ?? 'v1.36.0',
    async get(kind, key, { identity = self, metadataOnly = false } = {}) {
      await server.enter({ verb: 'get', key: keyIn(kind, key), identity, dryRun: false });
      served(state, 'get', { kind, key });
      const found = state.get(keyIn(kind, key));
      return found && shown(kind, found, metadataOnly);
    },
    async list(kind, options = {}) {
      const { namespace = '', selector, identity = self, limit = Number.POSITIVE_INFINITY } = options;
      await server.enter({ verb: 'list', key: keyIn(kind, { namespace, name: '' }), identity, dryRun: false });
      served(state, 'list', { kind, key: { namespace, name: '' } });
      const matches = selects(selector);
      const found = state.all(kind).filter((each) => !namespace || each.metadata.namespace === namespace);
      return found
        .filter((each) => matches(each.metadata.labels))
        .slice(0, limit)
        .map((each) => shown(kind, each, options.metadataOnly ?? false));
    },
    async *watch(options) {
      const { kind, namespace = '', identity = self } = options;
      await server.enter({ verb: 'watch', key: keyIn(kind, { namespace, name: '' }), identity, dryRun: false });
      yield* watchState(state, options);
    },
  };
}
