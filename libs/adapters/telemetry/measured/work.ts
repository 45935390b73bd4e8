import type { Patcher, Renderer } from '@fairlead/ports/renderer';
import type { Repository } from '@fairlead/ports/repository';
import type { SourceAdapter } from '@fairlead/ports/source';
import { step } from '../traces/step.ts';

/** The same renderer, each render a step. */
export function tracedRenderer(renderer: Renderer): Renderer {
  const attributes = { 'fairlead.renderer': renderer.kind };
  return {
    kind: renderer.kind,
    versions: () => renderer.versions(),
    render: (input) => step('render', () => renderer.render(input), { attributes }),
  };
}

/** The same patcher, each call a step. */
export function tracedPatcher(patcher: Patcher): Patcher {
  return {
    versions: () => patcher.versions(),
    patch: (manifests, request) => step('patch', () => patcher.patch(manifests, request)),
  };
}

/** The same source, its questions and fetches timed; questions are told of where they fail. */
export function tracedSource(adapter: SourceAdapter): SourceAdapter {
  return {
    handles: (source) => adapter.handles(source),
    check: (source, access) => step('check source', () => adapter.check(source, access), { quiet: true }),
    fetch: (source, request) => step('fetch source', () => adapter.fetch(source, request)),
    fetchRevision: (source, request) => step('fetch source', () => adapter.fetchRevision(source, request)),
    changes: (source, request) => step('compare source', () => adapter.changes(source, request)),
  };
}

/** The same repository, its questions, fetches and pushes timed; questions are told of where they fail. */
export function tracedRepository(repository: Repository): Repository {
  return {
    remoteHead: (signal) => step('check fleet', () => repository.remoteHead(signal), { quiet: true }),
    fetch: (signal) => step('fetch fleet', () => repository.fetch(signal)),
    files: (at, options) => repository.files(at, options),
    file: (at, path) => repository.file(at, path),
    history: (from, options) => repository.history(from, options),
    descends: (descendant, ancestor) => repository.descends(descendant, ancestor),
    push: (base, drafts, options) =>
      step('push ledger', () => repository.push(base, drafts, options), {
        attributes: { 'fairlead.commits': drafts.length },
      }),
    propose: (base, proposal) => step('push proposal', () => repository.propose(base, proposal)),
  };
}
