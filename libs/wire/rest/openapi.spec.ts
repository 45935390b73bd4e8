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

test('path parameters are named, and whoever reads may say what it has', () => {
  const document = openapi('1.2.3') as {
    paths: Record<string, Record<string, { parameters: { name: string; in: string }[]; responses: object }>>;
  };
  const application = document.paths['/api/v1/applications/{team}/{name}']?.['get'];
  expect(application?.parameters.map((one) => `${one.in} ${one.name}`)).toEqual([
    'path team',
    'path name',
    'header If-None-Match',
  ]);
  expect(application?.responses).toHaveProperty('304');
  expect(document.paths['/api/v1/holds']?.['post']?.responses).not.toHaveProperty('304');
});
