import { z } from 'zod';
import { gates } from './gates.ts';
import { document, folder, json, name, pointer, selector, target } from './scalars.ts';

const gitRef = z.union([
  z.strictObject({ branch: z.string().min(1) }),
  z.strictObject({ tag: z.string().min(1) }),
  z.strictObject({ semver: z.string().min(1) }),
  z.strictObject({ commit: z.string().regex(/^[0-9a-f]{40}$/) }),
]);
/** Where in a git repository to look: policy, not content. */
export type GitRef = z.infer<typeof gitRef>;

/** `root` bounds what a render may read (default: `path`); `path` is where the render starts. */
const git = z.strictObject({
  url: z.url(),
  root: folder.optional(),
  path: folder.default('.'),
  ref: gitRef.default({ branch: 'main' }),
});
const helm = z.strictObject({ repository: z.url(), chart: z.string().min(1), version: z.string().default('*') });
const oci = z.strictObject({
  url: z.string().startsWith('oci://'),
  ref: z.union([
    z.strictObject({ tag: z.string() }),
    z.strictObject({ semver: z.string() }),
    z.strictObject({ digest: z.string() }),
  ]),
});

/** One place that an application's files come from. */
export const source = z.union([z.strictObject({ git }), z.strictObject({ helm }), z.strictObject({ oci })], {
  error: 'must have exactly one of git, helm, oci',
});
/** A value of {@link source}. */
export type Source = z.infer<typeof source>;

const patch = z.strictObject({
  target,
  /** A strategic merge patch as an object, or RFC 6902 operations as a list. */
  patch: z.union([z.record(z.string(), json), z.array(z.record(z.string(), json))]),
});
/** One patch over rendered objects. */
export type Patch = z.infer<typeof patch>;

const renderInputs = {
  path: folder.optional(),
  components: z.array(folder).optional(),
  /** Files of Helm values from the root of the files, later ones over earlier; `values` stand over all of them. */
  valueFiles: z.array(folder).min(1).optional(),
  values: z.record(z.string(), json).optional(),
  patches: z.array(patch).optional(),
  variables: z.record(z.string(), z.string()).optional(),
};

const override = z.strictObject({ environment: name.optional(), clusters: selector.optional(), ...renderInputs });
/** Render inputs for some environments or clusters; later ones win. */
export type Override = z.infer<typeof override>;

/** How objects are applied and kept. */
export const sync = z.strictObject({
  prune: z.boolean().default(true),
  drift: z.enum(['Correct', 'Report', 'Off']).default('Correct'),
  conflicts: z.enum(['Override', 'Report']).default('Override'),
  adopt: z.enum(['Release', 'Own', 'Refuse']).default('Release'),
});
/** A value of {@link sync}. */
export type Sync = z.infer<typeof sync>;

/** Fields that Fairlead leaves to others. */
export const ignore = z.strictObject({ target, pointers: z.array(pointer).min(1) });
/** A value of {@link ignore}. */
export type Ignore = z.infer<typeof ignore>;

/** Health of kinds that no check knows, as CEL over `object`. */
export const healthRule = z.strictObject({ target, healthy: z.string().min(1), failed: z.string().min(1).optional() });
/** A value of {@link healthRule}. */
export type HealthRule = z.infer<typeof healthRule>;

const after = z.union([
  z
    .array(name)
    .min(1)
    .transform((all) => ({ all })),
  z.strictObject({ all: z.array(name).min(1) }),
  z.strictObject({ any: z.array(name).min(1) }),
]);

const pipelineEntry = z.strictObject({
  environment: name,
  /** Default: the entry before this one. */
  after: after.optional(),
  enter: z.enum(['AtOnce', 'WhenFree']).optional(),
  clusters: selector.optional(),
  gates: gates.default([]),
});
/** One environment in an application's pipeline. */
export type PipelineEntry = z.infer<typeof pipelineEntry>;

const spec = z
  .strictObject({
    team: name.default('default'),
    source: source.optional(),
    sources: z.record(z.string(), source).optional(),
    namespace: name.optional(),
    render: z.enum(['Plain', 'Kustomize', 'Helm']).optional(),
    ...renderInputs,
    overrides: z.array(override).default([]),
    pipeline: z.array(pipelineEntry).min(1),
    sync: sync.prefault({}),
    ignore: z.array(ignore).default([]),
    health: z.array(healthRule).default([]),
  })
  .refine((value) => (value.source === undefined) !== (value.sources === undefined), {
    error: 'must have either source or sources',
    path: ['source'],
  });

/** What to run, from where, and through which environments it walks. */
export const application = document('Application', { metadata: {}, spec });
/** A parsed Application document. */
export type Application = z.infer<typeof application>;

/** The sources by name; `source` is short for `sources: { main: … }`. */
export function sourcesOf(application: Application): Readonly<Record<string, Source>> {
  const { source, sources } = application.spec;
  return sources ?? (source === undefined ? {} : { main: source });
}

/** The namespace for objects that name none: `default`, as kubectl has it, unless the application says. */
export function namespaceOf(application: Application): string {
  return application.spec.namespace ?? 'default';
}

/** Where a source lies; its URL never holds credentials. */
export function urlOf(source: Source): string {
  if ('git' in source) return source.git.url;
  return 'helm' in source ? source.helm.repository : source.oci.url;
}

/** The folder, from the root of the files, where a render starts unless an override says otherwise. */
export function pathOf(application: Application): string {
  const main = sourcesOf(application)['main'];
  return application.spec.path ?? (main !== undefined && 'git' in main ? main.git.path : '.');
}
