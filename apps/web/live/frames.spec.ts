import { expect, test } from 'vitest';
import { frameReader } from './frames.ts';

test('events are read however the stream is cut', () => {
  const text = ': fairlead\n\nid: 7\nevent: Entry\ndata: {"a":1}\n\nevent: Decided\r\ndata: {}\r\n\r\n';
  const read = frameReader();
  const frames = text.split('').flatMap((character) => read(character));
  expect(frames).toEqual([
    { id: '7', event: 'Entry', data: '{"a":1}' },
    { id: undefined, event: 'Decided', data: '{}' },
  ]);
  expect(frameReader()(text)).toEqual(frames);
});

test('an event of several lines is one text, and one that has not ended is none yet', () => {
  const read = frameReader();
  expect(read('data: one\ndata: two\n')).toEqual([]);
  expect(read('\n')).toEqual([{ id: undefined, event: 'message', data: 'one\ntwo' }]);
});

test('a text keeps every character that a line of the stream may have', () => {
  const data = JSON.stringify({ message: 'one\u2028two\u2029three: four', url: 'https://a.example' });
  expect(frameReader()(`data:${data}\n\n`)).toEqual([{ id: undefined, event: 'message', data }]);
  expect(frameReader()('data:  two\ndata\n\n')).toEqual([{ id: undefined, event: 'message', data: ' two\n' }]);
});

test('an event without an end is refused', () => {
  const read = frameReader();
  expect(() => read(`data: ${'x'.repeat(1024 * 1024)}`)).toThrow('longer');
});
