import { describe, expect, it } from 'vitest';
import { parseManifests } from './manifests.ts';

function names(text: string) {
  return parseManifests(text, { file: 'all.yaml' }).map(({ object, line }) => [object.metadata.name, line]);
}

const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;

describe('the objects of a render', () => {
  it('come in order, each with the line of its document, empty documents passed over', () => {
    expect(
      names(`# licence\n\n---\n${map('a')}---\n---\n# nothing here\n---\n${map('b')}...\n---\n${map('c')}`),
    ).toEqual([
      ['a', 1],
      ['b', 10],
      ['c', 15],
    ]);
  });

  it('are taken out of Lists, however deep, but not out of an object that merely holds items', () => {
    const inner = '{ apiVersion: v1, kind: List, items: [{ apiVersion: v1, kind: Secret, metadata: { name: b } }] }';
    expect(
      names(
        `apiVersion: v1\nkind: ConfigMapList\nitems:\n  - { apiVersion: v1, kind: ConfigMap, metadata: { name: a } }\n  - ${inner}\n`,
      ),
    ).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(names('apiVersion: example.com/v1\nkind: Menu\nmetadata: { name: c }\nitems: [1]\n')).toEqual([['c', 1]]);
  });

  it('may be JSON, and a key twice is refused there too', () => {
    expect(names('{\n\t"apiVersion": "v1",\n\t"kind": "ConfigMap",\n\t"metadata": { "name": "a" }\n}')).toEqual([
      ['a', 1],
    ]);
    expect(() => names('{ "kind": "A", "kind": "B" }')).toThrow('duplicated mapping key');
  });

  it.each([
    ['a text', 'just words', 'Cannot use the object at all.yaml:1: it is a string'],
    ['no kind', 'apiVersion: v1\nmetadata: { name: a }', 'at all.yaml:1: it has no kind'],
    [
      'no metadata',
      'apiVersion: v1\nkind: ConfigMap',
      'Cannot use the object ConfigMap at all.yaml:1: it has no metadata',
    ],
    ['a generated name', 'apiVersion: v1\nkind: Job\nmetadata: { generateName: a- }', 'it asks for a generated name'],
    ['a name that is a number', map('a').replace('name: a', 'name: 12'), 'one that is not text'],
    [
      'a namespace that is a boolean',
      map('a').replace('name: a', 'name: a, namespace: on'),
      'its metadata.namespace is not text',
    ],
    ['the second of two', `${map('a')}---\nkind: ConfigMap\n`, 'at all.yaml:4: it has no apiVersion'],
  ])('are refused for %s', (_what, text, message) => {
    expect(() => names(text)).toThrow(
      expect.objectContaining({ reason: 'InvalidManifest', message: expect.stringContaining(message) }),
    );
  });
});
