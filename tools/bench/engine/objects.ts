import { createHash } from 'node:crypto';
import type { KubeObject } from '@fairlead/core/model';

/** What is applied: mixed is a tenth Deployments, the rest ConfigMaps of 2 KB, as are all of the other. */
export type Shape = 'mixed' | 'configMaps';

/** Objects that are alike for everybody who asks for them. */
export interface ObjectsAsk {
  readonly shape: Shape;
  readonly count: number;
  /** Another one changes every object. */
  readonly revision: number;
}

const configMapChars = 2_048;

/** Makes them, without a namespace. */
export function objectsOf({ shape, count, revision }: ObjectsAsk): KubeObject[] {
  return Array.from({ length: count }, (_, number) =>
    shape === 'mixed' && number % 10 === 9 ? deployment(number, revision) : configMap(number, revision),
  );
}

/** A ConfigMap as {@link objectsOf} makes them. */
export function configMap(number: number, revision: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: nameOf(number) },
    data: { 'settings.properties': settings(number, revision) },
  };
}

/** Name of the object of a number. */
export function nameOf(number: number): string {
  return `item-${String(number).padStart(5, '0')}`;
}

function deployment(number: number, revision: number): KubeObject {
  const labels = { app: nameOf(number) };
  const container = {
    name: 'main',
    image: `registry.example/app:1.${revision}`,
    ports: [{ containerPort: 8080, name: 'http' }],
    env: [{ name: 'REVISION', value: String(revision) }],
    resources: { requests: { cpu: '100m', memory: '64Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: nameOf(number), labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

/** Lines as configuration has them: half of each is alike everywhere. */
function settings(number: number, revision: number): string {
  const digits = createHash('sha512').update(`${number}/${revision}`).digest('hex');
  let text = `revision = ${revision}\n`;
  for (let line = 0; text.length < configMapChars; line += 1)
    text += `service.option-${String(line).padStart(2, '0')}.value = ${digits.slice((line * 5) % 96, ((line * 5) % 96) + 32)}\n`;
  return text.slice(0, configMapChars);
}
