import {
  applyModes,
  FairleadError,
  keyOf,
  type ApplicationId,
  type BundleObject,
  type KubeObject,
} from '@fairlead/core/model';

/** How an object asks to be applied. */
export type Orders = Omit<BundleObject, 'key' | 'digest'>;

/** Our own wins; Argo CD's sync wave is the same number under another name, so its manifests need no change. */
const stageAnnotations = ['fairlead.dev/stage', 'argocd.argoproj.io/sync-wave'] as const;
const applyAnnotation = 'fairlead.dev/apply';
const runAnnotation = 'fairlead.dev/run';
const pruneAnnotation = 'fairlead.dev/prune';

/** Only what runs to an end can be run once. */
const ends: ReadonlySet<string> = new Set(['batch/Job', '/Pod']);

/** Reads the annotations of an object that say how it is applied. Throws InvalidManifest, naming object and annotation. */
export function ordersOf(object: KubeObject, application: ApplicationId): Orders {
  const annotations: Readonly<Record<string, unknown>> = object.metadata.annotations ?? {};
  const refuse = (annotation: string, next: string): FairleadError => {
    const name = `${object.kind}/${object.metadata.name ?? ''}`;
    const found = JSON.stringify(annotations[annotation]);
    return new FairleadError(
      `Cannot bundle ${name} of ${application}: its annotation ${annotation} is ${found}. ${next}`,
      { code: 'InvalidInput', reason: 'InvalidManifest', subject: { application, object: name } },
    );
  };
  const oneOf = <Word extends string>(annotation: string, words: readonly Word[]): Word | undefined => {
    const found = annotations[annotation];
    const word = words.find((each) => each === found);
    if (word === undefined && found !== undefined)
      throw refuse(annotation, `Write ${words.join(', ')}, or leave it out.`);
    return word;
  };
  const stageAnnotation = stageAnnotations.find((name) => annotations[name] !== undefined);
  const stage = stageAnnotation === undefined ? 0 : stageIn(annotations[stageAnnotation]);
  if (stageAnnotation !== undefined && stage === undefined)
    throw refuse(stageAnnotation, 'Write a whole number between -9999 and 9999, in quotes.');
  const apply = oneOf(applyAnnotation, applyModes);
  const run = oneOf(runAnnotation, ['once']);
  const prune = oneOf(pruneAnnotation, ['Orphan']);
  const { group, kind } = keyOf(object);
  if (run !== undefined && !ends.has(`${group}/${kind}`))
    throw refuse(runAnnotation, 'Only a Job or a Pod runs to an end; take it out.');
  if (run !== undefined && apply !== undefined)
    throw refuse(applyAnnotation, `Beside ${runAnnotation} it says nothing; take one of them out.`);
  return {
    stage: stage ?? 0,
    ...(apply === undefined ? {} : { apply }),
    ...(run === undefined ? {} : { run }),
    ...(prune === undefined ? {} : { prune }),
  };
}

function stageIn(text: unknown): number | undefined {
  // `|| 0`: there is no stage -0.
  return typeof text === 'string' && /^-?\d{1,4}$/.test(text) ? Number(text) || 0 : undefined;
}
