import { splitApplicationId, applicationId, verificationOf, type Application } from '@fairlead/core/model';

/**
 * The definition by which a verification's folder is rendered: the application's own, in its namespace and from its sources,
 * without what it says of its other objects. It takes over nothing that was there before.
 */
export function verificationDefinition(application: Application, path: string): Application {
  const { team, source, sources, namespace, pipeline, sync } = application.spec;
  return {
    ...application,
    spec: {
      team,
      ...(source === undefined ? {} : { source }),
      ...(sources === undefined ? {} : { sources }),
      ...(namespace === undefined ? {} : { namespace }),
      pipeline,
      path,
      overrides: [],
      sync: { ...sync, prune: true, adopt: 'Refuse' },
      ignore: [],
      health: [],
    },
  };
}

/** A definition under the id of the application's verification: what its bundle is of. */
export function asVerification(application: Application): Application {
  const id = verificationOf(applicationId(application.spec.team, application.metadata.name));
  return { ...application, metadata: { ...application.metadata, name: splitApplicationId(id).name } };
}
