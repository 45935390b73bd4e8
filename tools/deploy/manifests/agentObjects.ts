import { agentImage, agentInstallManifest, type InstallOptions } from '@fairlead/core/install';
import { dump } from 'js-yaml';
import type { KubeObject } from '@fairlead/core/model';

/** What an install manifest looks like to somebody who reads it before there is a hub: valid words in the places to fill. */
export const placeholders = {
  clusterName: 'cluster-name',
  hub: 'hub.example.com:8443',
  profile: 'fairlead-profile',
} as const;

/** The objects of the install manifest without the join Secret: what holds a token is made by a command, not by a file. */
export function placeholderObjects(): KubeObject[] {
  const options: InstallOptions = {
    ...placeholders,
    caPem: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    joinToken: 'none',
    image: agentImage,
  };
  return agentInstallManifest(options).filter((object) => object.kind !== 'Secret');
}

/** YAML documents, one for each object. */
export function documents(objects: readonly KubeObject[]): string {
  return objects.map((object) => dump(object, { noRefs: true, lineWidth: 120 })).join('---\n');
}
