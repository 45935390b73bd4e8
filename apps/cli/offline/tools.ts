import { ensureTool } from '@fairlead/adapters/binaries';
import { helmRenderer, kustomizePatcher, kustomizeRenderer, plainRenderer, type Tool } from '@fairlead/adapters/render';
import { FairleadError } from '@fairlead/core/model';
import type { Patcher, Renderer } from '@fairlead/ports/renderer';

type Name = 'kustomize' | 'helm';

/** Where programs come from, and who hears of a build. */
export interface ToolOptions {
  log(line: string): void;
  /** Folder of Go modules to build from, in a checkout of Fairlead. */
  readonly modules: string;
}

/** Gives kustomize and helm, looked for when they are first needed. Throws RendererMissing that says what to install. */
export function tools(options: ToolOptions): (name: Name) => Promise<Tool> {
  const found = new Map<Name, Promise<Tool>>();
  return (name) => {
    const tool = found.get(name) ?? ensureTool(name, options).catch((thrown: Error) => missing(thrown));
    found.set(name, tool);
    return tool;
  };
}

function missing(thrown: Error): never {
  throw new FairleadError(thrown.message, { code: 'FailedPrecondition', reason: 'RendererMissing', cause: thrown });
}

/** The renderers, each of which looks for its program only when it is used. */
export function renderersOf(tool: (name: Name) => Promise<Tool>): {
  readonly renderers: readonly Renderer[];
  readonly patcher: Patcher;
} {
  const lazy = (kind: Renderer['kind'], make: () => Promise<Renderer>): Renderer => ({
    kind,
    versions: async () => (await make()).versions(),
    render: async (input) => (await make()).render(input),
  });
  const patcher = async (): Promise<Patcher> => kustomizePatcher([await tool('kustomize')]);
  return {
    renderers: [
      plainRenderer(),
      lazy('Kustomize', async () => kustomizeRenderer([await tool('kustomize')])),
      lazy('Helm', async () => helmRenderer([await tool('helm')])),
    ],
    patcher: {
      versions: async () => (await patcher()).versions(),
      patch: async (manifests, request) => (await patcher()).patch(manifests, request),
    },
  };
}
