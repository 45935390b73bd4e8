import { describe, expect, it } from 'vitest';
import { apiError, apiFailureOf, type ApiFailure } from './failure.ts';

const deployment = { group: 'apps', kind: 'Deployment', namespace: 'web', name: 'front' };
const secret = { group: '', kind: 'Secret', namespace: 'web', name: 'key' };
const failure = (status: number, changes: Partial<ApiFailure> = {}): ApiFailure => ({
  status,
  reason: '',
  message: 'the server said so',
  causes: [],
  ...changes,
});
const cause = (reason: string, field: string, message = ''): ApiFailure['causes'][number] => ({
  reason,
  field,
  message,
});

describe('a refusal of the API server', () => {
  it.each([
    [400, 'InvalidInput', 'ApplyFailed', 'never'],
    [401, 'Unauthenticated', 'CredentialsMissing', 'backoff'],
    [403, 'PermissionDenied', 'Forbidden', 'backoff'],
    [404, 'NotFound', 'NotFound', 'backoff'],
    [409, 'Conflict', 'ApplyFailed', 'backoff'],
    [410, 'Aborted', 'ApplyFailed', 'backoff'],
    [413, 'InvalidInput', 'ApplyFailed', 'never'],
    [422, 'InvalidInput', 'ApplyFailed', 'never'],
    [429, 'ResourceExhausted', 'RateLimited', { afterMs: 1000 }],
    [500, 'Unavailable', 'ApiServerUnreachable', 'backoff'],
    [504, 'Unavailable', 'ApiServerUnreachable', 'backoff'],
  ])('with status %i is %s (%s)', (...row) => {
    const [status, code, reason, retry] = row;
    const error = apiError({ verb: 'apply', object: deployment }, failure(status));
    expect(error).toMatchObject({ code, reason, retry, subject: { object: 'apps/Deployment/web/front' } });
    expect(error.message).toMatch(/^Cannot apply apps\/Deployment\/web\/front: the server said so; \w/);
    expect(apiFailureOf(error)?.status).toBe(status);
  });

  it('waits as long as the server asks', () => {
    for (const status of [429, 503]) {
      const error = apiError({ verb: 'apply', object: deployment }, failure(status, { retryAfterMs: 7000 }));
      expect(error.retry).toEqual({ afterMs: 7000 });
    }
  });

  it('tells a conflict of managers from one of versions', () => {
    const causes = [{ ...cause('FieldManagerConflict', '.spec.replicas'), manager: 'hpa' }];
    const error = apiError({ verb: 'apply', object: deployment }, failure(409, { causes }));
    expect(error).toMatchObject({ reason: 'ConflictReported', retry: 'never', subject: { field: '.spec.replicas' } });
    expect(apiFailureOf(error)?.causes[0]?.manager).toBe('hpa');
  });

  it('does not take a namespace on its way out for a missing right', () => {
    const causes = [cause('NamespaceTerminating', 'metadata.namespace')];
    const error = apiError({ verb: 'apply', object: deployment }, failure(403, { causes }));
    expect(error).toMatchObject({ code: 'FailedPrecondition', reason: 'ObjectTerminating', retry: 'backoff' });
  });

  it('takes a manifest that does not fit its schema for what it is, though the server says 500', () => {
    const untyped =
      'failed to create typed patch object (web/front; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema';
    expect(apiError({ verb: 'apply', object: deployment }, failure(500, { message: untyped }))).toMatchObject({
      code: 'InvalidInput',
      retry: 'never',
      subject: { field: '.spec.foo' },
    });
    const base = 'failed to convert new object (web/key; x/v1, Kind=X) to proper version: ';
    const webhook = failure(500, { message: `${base}conversion webhook for x/v2 failed` });
    expect(apiError({ verb: 'apply', object: deployment }, webhook).retry).toBe('backoff');
  });

  it('proves that a field cannot be changed only where nothing else is wrong', () => {
    const proven = (object: typeof deployment, ...causes: ApiFailure['causes'][number][]) =>
      apiFailureOf(apiError({ verb: 'apply', object }, failure(422, { reason: 'Invalid', causes })))?.immutable ??
      false;
    const selector = cause('FieldValueInvalid', 'spec.selector', 'Invalid value: {}: field is immutable');
    const set = cause(
      'FieldValueForbidden',
      'spec',
      "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
    );
    const image = cause('FieldValueRequired', 'spec.template.spec.containers[0].image', 'Required value');
    expect(proven(deployment, selector)).toBe(true);
    expect(proven(deployment, selector, set)).toBe(true);
    expect(proven(deployment, selector, image)).toBe(false);
    expect(proven(deployment, image)).toBe(false);
    expect(proven(deployment)).toBe(false);
    expect(proven(secret, cause('FieldValueInvalid', 'type', 'Invalid value: "a": field is immutable'))).toBe(true);
    const denied = failure(403, { message: 'admission webhook denied it: the field is immutable' });
    expect(apiFailureOf(apiError({ verb: 'apply', object: deployment }, denied))).not.toHaveProperty('immutable');
  });

  it('takes an object that its store cannot hold for what it is, though the server says 500', () => {
    const large = failure(500, { reason: 'InternalError', message: 'etcdserver: request is too large' });
    expect(apiError({ verb: 'apply', object: deployment }, large)).toMatchObject({
      code: 'InvalidInput',
      retry: 'never',
    });
  });

  it('of a Secret never quotes a value, and still names the fields', () => {
    const typed =
      'failed to create typed patch object (web/key; /v1, Kind=Secret): .data.pin: expected string, got &value.valueUnstructured{Value:4711}';
    const quoting = [
      failure(500, { message: typed }),
      failure(422, {
        reason: 'Invalid',
        message: 'data[pin]: Invalid value: "4711"',
        causes: [cause('FieldValueInvalid', 'data[pin]', 'Invalid value: "4711"')],
      }),
      failure(403, { reason: 'Forbidden', message: 'admission webhook denied the request: pin 4711 is weak' }),
    ];
    const errors = quoting.map((each) => apiError({ verb: 'apply', object: secret }, each));
    for (const error of errors)
      expect(JSON.stringify([error.message, error.cause, error.subject])).not.toContain('4711');
    expect(errors.map((error) => error.subject.field)).toEqual(['.data.pin', 'data[pin]', undefined]);
    expect(errors[0]?.message).toContain('.data.pin');
  });

  it('of a Secret says which right is missing', () => {
    const message =
      'secrets "key" is forbidden: User "system:serviceaccount:a:b" cannot patch resource "secrets" in API group "" in the namespace "web"';
    const error = apiError({ verb: 'apply', object: secret }, failure(403, { reason: 'Forbidden', message }));
    expect(error.message).toContain('cannot patch resource "secrets"');
  });

  it('is told apart from errors that the server said nothing about', () => {
    expect(apiFailureOf(new Error('x'))).toBeUndefined();
    expect(apiFailureOf(undefined)).toBeUndefined();
  });
});
