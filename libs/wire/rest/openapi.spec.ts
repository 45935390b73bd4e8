import { expect, test } from 'vitest';
import { openapi } from './openapi.ts';
import { routes } from './routes.ts';

test('every operation of the table is in the document, once', () => {
  const document = openapi('1.2.3') as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
  expect(document.openapi).toBe('3.1.0');
  expect(ids.sort()).toEqual([...Object.keys(routes), 'watch'].sort());
});

test('path parameters are named', () => {
  const document = openapi('1.2.3') as {
    paths: Record<string, { get: { parameters: { name: string; in: string }[] } }>;
  };
  expect(document.paths['/api/v1/applications/{team}/{name}']?.get.parameters.map((one) => one.name)).toEqual([
    'team',
    'name',
  ]);
});
