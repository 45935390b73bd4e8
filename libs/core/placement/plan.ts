import {
  applicationId,
  FairleadError,
  isMap,
  namespaceOf,
  pathOf,
  type Application,
  type Json,
  type JsonObject,
  type Override,
  type Patch,
} from '@fairlead/core/model';
import { matches, type Labels } from './selector.ts';
import { fillJson, fillText, type FillOptions, type Lookup } from './variables.ts';

/** The cluster that a render is for, as git knows it. */
export interface RenderCluster {
  readonly name: string;
  /** Effective labels. */
  readonly labels: Labels;
  /** Of the ledger file, such as `v1.36.1`. */
  readonly kubernetesVersion: string;
}

/** All that an Application adds to its files for one cluster, filled in. Equal inputs over equal files render alike. */
export interface RenderInputs {
  /** Undefined: by what lies at the path. */
  readonly render?: 'Plain' | 'Kustomize' | 'Helm';
  readonly path: string;
  readonly components: readonly string[];
  /** Files of values for Helm, the first one lowest; not there where there are none. */
  readonly valueFiles?: readonly string[];
  readonly values: JsonObject;
  readonly patches: readonly Patch[];
  /** For objects that name none. */
  readonly namespace: string;
  /** Helm's name for the release: the application's. */
  readonly releaseName: string;
}

/** A render for one cluster. */
export interface RenderPlan {
  readonly inputs: RenderInputs;
  /** Matters to Helm alone, and so is not part of the inputs. */
  readonly kubernetesVersion: string;
}

/** Where a plan is for. */
export interface PlanTarget {
  readonly environment: string;
  readonly cluster: RenderCluster;
}

type Inputs = Pick<Override, 'path' | 'components' | 'valueFiles' | 'values' | 'patches' | 'variables'>;

const reserved = /^(environment|cluster\..*|application\..*)$/;

/** Values over values: maps merge, anything else takes the place of what was there. */
export function mergeValues(base: JsonObject, over: JsonObject): JsonObject {
  const merged = Object.entries(over).map(([key, value]: [string, Json]): [string, Json] => {
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isMap(below) && isMap(value) ? mergeValues(below, value) : value];
  });
  return Object.fromEntries([...Object.entries(base), ...merged]);
}

function applies(override: Override, { environment, cluster }: PlanTarget): boolean {
  const inEnvironment = override.environment === undefined || override.environment === environment;
  return inEnvironment && (override.clusters === undefined || matches(override.clusters, cluster.labels));
}

/** Later ones win, maps merge, lists replace. */
function layered(application: Application, target: PlanTarget): Inputs {
  let inputs: Inputs = application.spec;
  for (const over of application.spec.overrides) {
    if (!applies(over, target)) continue;
    inputs = {
      path: over.path ?? inputs.path,
      components: over.components ?? inputs.components,
      valueFiles: over.valueFiles ?? inputs.valueFiles,
      values: mergeValues(inputs.values ?? {}, over.values ?? {}),
      patches: over.patches ?? inputs.patches,
      variables: { ...inputs.variables, ...over.variables },
    };
  }
  return inputs;
}

function lookupFor(
  application: Application,
  { environment, cluster }: PlanTarget,
): { lookup: Lookup; known: string[] } {
  const facts: Record<string, string> = {
    environment,
    'cluster.name': cluster.name,
    'application.name': application.metadata.name,
    'application.team': application.spec.team,
  };
  for (const [key, value] of Object.entries(cluster.labels)) facts[`cluster.labels.${key}`] = value;
  return { lookup: (name) => (Object.hasOwn(facts, name) ? facts[name] : undefined), known: Object.keys(facts) };
}

/** The variables of the Application itself; their texts may name facts of the cluster, not each other. */
function ownVariables(variables: Readonly<Record<string, string>>, options: FillOptions & { readonly lookup: Lookup }) {
  const own = new Map<string, string>();
  for (const [name, text] of Object.entries(variables)) {
    const field = `${options.field}.${name}`;
    if (reserved.test(name)) {
      throw new FairleadError(
        `Cannot render ${options.application}: ${field} has the name of a variable that Fairlead fills in itself. Give it another name.`,
        { code: 'InvalidInput', reason: 'InvalidDocument', subject: { application: options.application, field } },
      );
    }
    own.set(name, fillText(text, { ...options, field }));
  }
  return own;
}

/** A path with its variables filled in, which stays inside the files whatever a label says. */
function fillPath(text: string, options: Parameters<typeof fillText>[1]): string {
  const path = fillText(text, options);
  if (!path.startsWith('/') && !path.split('/').includes('..')) return path;
  const { application, field } = options;
  throw new FairleadError(
    `Cannot render ${application}: ${field} is ${path} for ${options.cluster}, which leads out of the files. Name a file inside of them.`,
    { code: 'InvalidInput', reason: 'InvalidDocument', subject: { application, field } },
  );
}

/**
 * What one cluster's render of an application starts from: the overrides that fit, in order, and every variable filled
 * in. Looks at the definition that the release pins, and at git's facts of the cluster, at nothing else. Throws
 * `FairleadError` (InvalidDocument) that names an unknown variable or one with a reserved name.
 */
export function renderPlan(application: Application, target: PlanTarget): RenderPlan {
  const { metadata, spec } = application;
  const layers = layered(application, target);
  const facts = lookupFor(application, target);
  const who = { application: applicationId(spec.team, metadata.name), cluster: target.cluster.name };
  const own = ownVariables(layers.variables ?? {}, { ...who, ...facts, field: 'spec.variables' });
  const options = {
    ...who,
    lookup: (name: string) => own.get(name) ?? facts.lookup(name),
    known: [...own.keys(), ...facts.known],
  };
  const inputs: RenderInputs = {
    ...(spec.render === undefined ? {} : { render: spec.render }),
    path: layers.path ?? pathOf(application),
    components: layers.components ?? [],
    ...(layers.valueFiles && {
      valueFiles: layers.valueFiles.map((path, at) => fillPath(path, { ...options, field: `spec.valueFiles[${at}]` })),
    }),
    values: fillJson(layers.values ?? {}, { ...options, field: 'spec.values' }),
    patches: (layers.patches ?? []).map(({ target: objects, patch }, index) => ({
      target: objects,
      patch: fillJson(patch, { ...options, field: `spec.patches[${index}].patch` }),
    })),
    namespace: namespaceOf(application),
    releaseName: metadata.name,
  };
  return { inputs, kubernetesVersion: target.cluster.kubernetesVersion };
}
