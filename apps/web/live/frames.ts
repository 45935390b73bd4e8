/** One server-sent event. */
export interface Frame {
  /** Undefined for one that a client does not come back to. */
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** A frame that grows past this is no frame of ours. */
const mostCharacters = 1024 * 1024;

/** Reads a stream of events (WHATWG HTML, 9.2.6) piece by piece; comments and retry times are left out. Throws on one without an end. */
export function frameReader(): (piece: string) => Frame[] {
  let rest = '';
  return (piece) => {
    rest = (rest + piece).replaceAll('\r\n', '\n');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > mostCharacters) throw new Error(`an event is longer than ${mostCharacters} characters`);
    return blocks.flatMap(frameOf);
  };
}

function frameOf(block: string): Frame[] {
  const fields = block.split('\n').map(fieldOf);
  const all = (name: string): string[] => fields.flatMap(([field, value]) => (field === name ? [value] : []));
  const data = all('data');
  return data.length === 0
    ? []
    : [{ id: all('id').at(-1), event: all('event').at(-1) ?? 'message', data: data.join('\n') }];
}

/** Name and value, either side of the first colon: a value may hold any character but the ends of lines that the format knows. */
function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}
