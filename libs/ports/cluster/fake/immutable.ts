import { groupOf, type KubeObject } from '@fairlead/core/model';
import type { ApiCause, ApiFailure } from '../failure.ts';
import { isBag, same } from './values.ts';

interface Rule {
  /** A path below the object, parted by dots. */
  readonly field: string;
  readonly reason: 'FieldValueInvalid' | 'FieldValueForbidden';
  readonly message: string;
}

const immutable: Omit<Rule, 'field'> = { reason: 'FieldValueInvalid', message: 'Invalid value: field is immutable' };
const whenSet = '`immutable` is set';
const sealed: Rule = {
  field: 'data',
  reason: 'FieldValueForbidden',
  message: `Forbidden: field is immutable when ${whenSet}`,
};

/** Some of what API servers keep as it was created, by GROUP/KIND. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  'apps/Deployment': [{ field: 'spec.selector', ...immutable }],
  'apps/StatefulSet': ['spec.selector', 'spec.serviceName'].map((field) => ({
    field,
    reason: 'FieldValueForbidden',
    message: "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden",
  })),
  'batch/Job': [{ field: 'spec.template', ...immutable }],
  'rbac.authorization.k8s.io/RoleBinding': [
    { field: 'roleRef', ...immutable, message: 'Invalid value: cannot change roleRef' },
  ],
  'storage.k8s.io/StorageClass': [
    {
      field: 'provisioner',
      reason: 'FieldValueForbidden',
      message: 'Forbidden: updates to provisioner are forbidden.',
    },
  ],
  '/Secret': [{ field: 'type', ...immutable }, sealed],
  '/ConfigMap': [sealed],
  '/PersistentVolumeClaim': [
    {
      field: 'spec.accessModes',
      reason: 'FieldValueForbidden',
      message: 'Forbidden: spec is immutable after creation except resources.requests',
    },
  ],
};

/** The refusal of a write that changes what cannot be changed; undefined for every other. */
export function immutableChange(before: KubeObject, after: KubeObject): ApiFailure | undefined {
  const kind = `${groupOf(after.apiVersion)}/${after.kind}`;
  const broken = (rules[kind] ?? []).filter(
    (rule) => (rule !== sealed || before['immutable'] === true) && !same(at(before, rule.field), at(after, rule.field)),
  );
  if (broken.length === 0) return undefined;
  const causes = broken.map(({ field, reason, message }): ApiCause => ({ field, reason, message }));
  const words = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  return {
    status: 422,
    reason: 'Invalid',
    message: `${after.kind} "${after.metadata.name}" is invalid: ${words}`,
    causes,
  };
}

function at(object: KubeObject, field: string): unknown {
  return field.split('.').reduce<unknown>((value, name) => (isBag(value) ? value[name] : undefined), object);
}
