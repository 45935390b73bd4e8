import type { KubeObject } from '@fairlead/core/model';

/** Who else says of a live object that it is theirs, by the marks of tools that people come from; undefined: nobody that is known. */
export function otherOwnerOf(object: KubeObject): string | undefined {
  const { labels = {}, annotations = {}, ownerReferences = [] } = object.metadata;
  const release = annotations['meta.helm.sh/release-name'];
  const flux = ['kustomize', 'helm'].find((tool) => labels[`${tool}.toolkit.fluxcd.io/name`] !== undefined);
  if (flux !== undefined) {
    const kind = flux === 'helm' ? 'HelmRelease' : 'Kustomization';
    const namespace = labels[`${flux}.toolkit.fluxcd.io/namespace`] ?? '';
    return `the Flux ${kind} ${namespace}/${labels[`${flux}.toolkit.fluxcd.io/name`]}`;
  }
  const argo = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0] ?? labels['argocd.argoproj.io/instance'];
  if (argo !== undefined) return `the Argo CD application ${argo}`;
  if (release !== undefined)
    return `the Helm release ${annotations['meta.helm.sh/release-namespace'] ?? ''}/${release}`;
  const controller = ownerReferences.find((owner) => owner.controller);
  return controller && `its controller ${controller.kind} ${controller.name}`;
}
