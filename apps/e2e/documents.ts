/** A document of the fleet repository. */
export interface Document {
  readonly kind: string;
  readonly name: string;
  readonly spec?: object;
}

/** Documents as the text of one file; JSON is YAML. */
export function documents(...all: readonly Document[]): string {
  return all
    .map(({ kind, name, spec }) =>
      JSON.stringify(
        { apiVersion: 'fairlead.dev/v1alpha1', kind, metadata: { name }, ...(spec ? { spec } : {}) },
        null,
        2,
      ),
    )
    .join('\n---\n');
}

/**
 * A fleet of one environment, which takes the clusters with `env: ENVIRONMENT`, and of the application `default/shop`,
 * which is `deploy` in the repository `shop` and goes to the namespace `shop`.
 */
export function oneShop(name: string, { environment, gitUrl }: { environment: string; gitUrl: string }): string {
  return documents(
    { kind: 'Fleet', name },
    { kind: 'Environment', name: environment, spec: { clusters: { matchLabels: { env: environment } } } },
    {
      kind: 'Application',
      name: 'shop',
      spec: {
        source: { git: { url: `${gitUrl}/shop.git`, path: 'deploy' } },
        namespace: 'shop',
        pipeline: [{ environment }],
      },
    },
  );
}

/** A manifest of a source as text. */
export function manifests(...objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object, null, 2)).join('\n---\n');
}

/** A ConfigMap: healthy as soon as it is there, on a control plane without controllers. */
export function configMap(name: string, data: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

/** A Deployment: without controllers it never gets healthy. */
export function deployment(name: string): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name, image: 'registry.example.com/none:1' }] } },
    },
  };
}

/** A Job of one Pod that is not tried again; what becomes of it, its image says (see the test control planes' nodes). */
export function job(name: string, image: string): object {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name, image }] } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { backoffLimit: 0, template } };
}
