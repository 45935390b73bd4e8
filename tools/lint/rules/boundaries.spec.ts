import { expect, test } from 'vitest';
import { parseSource } from '../source.ts';
import { boundaries, type Workspace } from './boundaries.ts';

const doors = new Set([
  'libs/core/model',
  'libs/core/diff',
  'libs/core/bundle',
  'libs/adapters/kube',
  'libs/adapters/grpc',
  'libs/shell/agent',
]);
const workspace: Workspace = {
  isDoor: (folder) => doors.has(folder),
  resolve: (from, specifier) =>
    specifier.startsWith('@fairlead/')
      ? `libs/${specifier.slice(10)}/index.ts`
      : specifier.includes('gone')
        ? undefined
        : new URL(specifier, `file:///${from}`).pathname.slice(1),
};
const messages = (path: string, text: string): string[] =>
  boundaries(parseSource(path, text), workspace).map((one) => one.message);

test('core may import the model', () => {
  expect(messages('libs/core/diff/reduce.ts', "import { a } from '@fairlead/core/model';")).toEqual([]);
});

test('one room of core may not import another', () => {
  expect(messages('libs/core/diff/reduce.ts', "import { a } from '@fairlead/core/bundle';")).toEqual([
    'core may not import core (@fairlead/core/bundle)',
  ]);
});

test('an adapter may not import another adapter or a shell', () => {
  expect(messages('libs/adapters/kube/a.ts', "import { a } from '@fairlead/adapters/grpc';")).toEqual([
    'adapters may not import adapters (@fairlead/adapters/grpc)',
  ]);
  expect(messages('libs/adapters/kube/a.ts', "import { a } from '@fairlead/shell/agent';")).toEqual([
    'adapters may not import shell (@fairlead/shell/agent)',
  ]);
});

test('nobody climbs past a door', () => {
  expect(messages('libs/core/diff/reduce.ts', "import { a } from '../model/ids.ts';")[0]).toContain(
    'leaves the room libs/core/diff',
  );
});

test('an import that leads nowhere is named', () => {
  expect(messages('libs/core/diff/reduce.ts', "import { a } from './gone.ts';")).toEqual([
    './gone.ts leads to no file',
  ]);
});

test('a library earns its place by a layer', () => {
  expect(messages('libs/shell/agent/a.ts', "import { Injectable } from '@nestjs/common';")[0]).toContain(
    'Nest lives in roles',
  );
  expect(messages('libs/shell/agent/a.ts', "import { readFile } from 'node:fs/promises';")).toEqual([
    'shell may not import node:fs/promises',
  ]);
  expect(messages('libs/core/bundle/digest.ts', "import { createHash } from 'node:crypto';")).toEqual([]);
  expect(messages('libs/core/bundle/digest.ts', "import { randomBytes } from 'node:crypto';")).toEqual([
    'core may not import node:crypto',
  ]);
});

test('tests may import what they need', () => {
  expect(messages('libs/core/diff/reduce.spec.ts', "import { test } from 'vitest';")).toEqual([]);
});
