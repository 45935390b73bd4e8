import {
  namespaceOf,
  parseJson,
  pathOf,
  sourcesOf,
  type Application,
  type JsonObject,
  type Source,
} from '@fairlead/core/model';
import { canonicalJson } from './canonical/json.ts';

function sourceContent(source: Source): JsonObject {
  if ('git' in source) return { root: source.git.root ?? source.git.path, path: source.git.path };
  if ('helm' in source) return { root: '.', path: '.', chart: source.helm.chart };
  return { root: '.', path: '.' };
}

/**
 * The canonical content of a definition: every field that can change a manifest or how it is applied, with defaults
 * filled in. Where to look (url, ref, version range), the pipeline and its gates are policy and are not in it.
 */
export function definitionContent(application: Application): JsonObject {
  const { metadata, spec } = application;
  const sources = Object.entries(sourcesOf(application)).map(
    ([name, source]) => [name, sourceContent(source)] as const,
  );
  const content = {
    name: metadata.name,
    team: spec.team,
    namespace: namespaceOf(application),
    render: spec.render,
    path: pathOf(application),
    components: spec.components ?? [],
    // Without a default: a definition that has none keeps the digest that it had before there were any.
    valueFiles: spec.valueFiles,
    values: spec.values ?? {},
    patches: spec.patches ?? [],
    variables: spec.variables ?? {},
    overrides: spec.overrides,
    sync: spec.sync,
    ignore: spec.ignore,
    health: spec.health,
    sources: Object.fromEntries(sources),
  };
  // Through text and back: fields that are not there are gone, and nothing of the document is shared.
  return parseJson(canonicalJson(content)) as JsonObject;
}
