import { isSecret, type Bundle } from '@fairlead/core/bundle';
import {
  FairleadError,
  groupOf,
  keyText,
  matchesTarget,
  matchesWord,
  type BundleObject,
  type KubeObject,
  type Patch,
} from '@fairlead/core/model';
import { isProtected } from '@fairlead/core/prune';

/** What a team may put into a cluster, and as whom. */
export interface TeamBounds {
  readonly name: string;
  readonly serviceAccount: string;
  /** Names, with `*` for any run of characters; empty allows all. */
  readonly namespaces: readonly string[];
  readonly allowKinds: readonly string[];
  readonly denyKinds: readonly string[];
  readonly secrets: 'Allow' | 'Refuse';
}

/** An empty list allows all. */
function allowed(patterns: readonly string[], word: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matchesWord(pattern, word));
}

/** Throws TeamForbids for the first object that the team may not have. Objects without a namespace are judged by the agent. */
export function allowedByTeam(objects: readonly KubeObject[], team: TeamBounds): void {
  for (const object of objects) {
    const { namespace, name } = object.metadata;
    const what = `${object.kind} ${namespace ? `${namespace}/` : ''}${name}`;
    const refuse = (why: string): FairleadError =>
      new FairleadError(`Cannot apply ${what}: ${why}. Change the manifest, or the Team document ${team.name}.`, {
        code: 'PermissionDenied',
        reason: 'TeamForbids',
        subject: { object: what },
      });
    if (team.denyKinds.some((pattern) => matchesWord(pattern, object.kind)))
      throw refuse(`team ${team.name} may not use the kind ${object.kind}`);
    if (!allowed(team.allowKinds, object.kind))
      throw refuse(`team ${team.name} may use the kinds ${team.allowKinds.join(', ')} only`);
    if (namespace && !allowed(team.namespaces, namespace))
      throw refuse(`team ${team.name} may use the namespaces ${team.namespaces.join(', ')} only`);
    if (object.kind === 'Namespace' && groupOf(object.apiVersion) === '' && !allowed(team.namespaces, name ?? ''))
      throw refuse(`team ${team.name} may use the namespaces ${team.namespaces.join(', ')} only`);
    if (team.secrets === 'Refuse' && isSecret(object)) throw refuse('plain Secrets are refused here');
  }
}

/** Throws RenderFailed for a patch that no object takes: a typing error must not pass in silence. */
export function checkTargets(objects: readonly KubeObject[], patches: readonly Patch[]): void {
  for (const { target, patch } of patches) {
    const deletes = !Array.isArray(patch) && (patch as { $patch?: unknown }).$patch === 'delete';
    if (deletes || objects.some((object) => matchesTarget(target, object))) continue;
    const words = Object.entries(target)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ');
    throw new FairleadError(`Cannot patch: no object has ${words}. Correct the patch's target.`, {
      code: 'InvalidInput',
      reason: 'RenderFailed',
      subject: { field: 'patches' },
    });
  }
}

/** Throws RenderFailed for a folder by which nothing would be verified, or of which something would stay. */
export function canVerify({ index }: Bundle, path: string): void {
  const refuse = (why: string): FairleadError =>
    new FairleadError(`Cannot verify with ${path}: ${why}`, {
      code: 'InvalidInput',
      reason: 'RenderFailed',
      subject: { field: 'path' },
    });
  const isRun = ({ key, apply }: BundleObject): boolean =>
    key.group === 'batch' && key.kind === 'Job' && apply !== 'Ignore';
  if (!index.objects.some(isRun)) throw refuse('it holds no Job. Add one, or name the folder that does.');
  const stays = index.objects.find(({ key, prune }) => prune === 'Orphan' || isProtected(key));
  if (stays !== undefined)
    throw refuse(`${keyText(stays.key)} would stay when the Job is over. Let the application bring it.`);
}

/** Throws NotReproducible, naming an object, when two renders of one input differ. */
export function sameBundle(first: Bundle, second: Bundle): void {
  if (first.digest === second.digest) return;
  const digests = new Map(second.index.objects.map((one) => [keyText(one.key), one.digest]));
  const odd = first.index.objects.find((one) => digests.get(keyText(one.key)) !== one.digest) ?? first.index.objects[0];
  const object = odd ? keyText(odd.key) : '';
  throw new FairleadError(
    `Cannot use the render: two renders of the same input differ in ${object}. Take random values and time out of the templates.`,
    {
      code: 'InvalidInput',
      reason: 'NotReproducible',
      subject: { object },
    },
  );
}
