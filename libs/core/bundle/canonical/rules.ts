/** Fields of metadata that the API server writes; a manifest that names them was copied from a live object. */
export const serverMetadata: readonly string[] = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];

/** Annotations by which an object asks a controller to write its CA bundle: cert-manager's and OpenShift's. */
export const injectionAnnotations: readonly string[] = [
  'cert-manager.io/inject-ca-from',
  'cert-manager.io/inject-ca-from-secret',
  'cert-manager.io/inject-apiserver-ca',
  'certmanager.k8s.io/inject-ca-from',
  'service.beta.openshift.io/inject-cabundle',
];

/** Where a CA bundle stands, by GROUP/KIND; `*` is each item of a list. */
export const placesOfCaBundle: Readonly<Record<string, readonly string[]>> = {
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': ['webhooks', '*', 'clientConfig', 'caBundle'],
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': ['webhooks', '*', 'clientConfig', 'caBundle'],
  'apiextensions.k8s.io/CustomResourceDefinition': ['spec', 'conversion', 'webhook', 'clientConfig', 'caBundle'],
  'apiregistration.k8s.io/APIService': ['spec', 'caBundle'],
};
