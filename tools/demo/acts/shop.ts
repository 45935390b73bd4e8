import { ApiFailure, type ControlPlane, type LiveObject } from '@fairlead/testkit/kube';
import type { DemoCluster, Stage } from '../stage.ts';

/** Where the objects of the example application live. */
export const paths = {
  deployment: '/apis/apps/v1/namespaces/shop/deployments/shop',
  service: '/api/v1/namespaces/shop/services/shop',
} as const;

/** The image of a version of the shop. */
export function imageOf(tag: string): string {
  return `registry.example.com/shop:${tag}`;
}

/** The object as the API server has it now; undefined where there is none. */
export async function live(plane: ControlPlane, path: string): Promise<LiveObject> {
  try {
    return await plane.api.get(path);
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return undefined;
    throw error;
  }
}

/** The image that the Deployment of the shop asks for in a cluster. */
export async function imageIn(plane: ControlPlane): Promise<string | undefined> {
  return (await live(plane, paths.deployment))?.spec.template.spec.containers[0].image as string | undefined;
}

/** True when every replica of the Deployment runs this image and is available, by the word of its controller. */
export function isRolledOut(deployment: LiveObject, image: string): boolean {
  if (deployment?.spec.template.spec.containers[0].image !== image) return false;
  const { generation } = deployment.metadata;
  const { observedGeneration, updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = deployment.status ?? {};
  const wanted = deployment.spec.replicas as number;
  return observedGeneration === generation && [updatedReplicas, availableReplicas, replicas].every((n) => n === wanted);
}

/** Pushes a new version of the shop: the image in its Deployment, in the shop's own repository. */
export async function pushVersion({ git }: Stage, tag: string): Promise<string> {
  const path = 'deploy/deployment.yaml';
  const now = await git.git('shop', 'show', `main:${path}`);
  const next = now.replace(/shop:\S+/, `shop:${tag}`);
  return git.commit('shop', { files: { [path]: next }, message: `Release ${tag}` });
}

/** Names of the clusters of the demo, in the order of the pipeline. */
export const order: readonly DemoCluster[] = ['dev', 'staging', 'prod-canary', 'prod'];
