import { EVENT_ID, getScalarValue, parseEvents, type Event } from 'js-yaml';

/** Keys and indexes from the root of a document. */
export type Path = readonly PropertyKey[];

/** How the walk names the place that it is at, below the document. */
interface Frame {
  readonly mapping: boolean;
  /** How many levels of the path this frame's ancestors matched; -1 when it lies off the path. */
  readonly matched: number;
  /** The key just read, while its value is awaited. */
  key: string | undefined;
  index: number;
}

function startOf(event: Event): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : -1;
}

/** Levels of the path that a child of the frame matches, and whether the event is the key of a mapping. */
function enter(frame: Frame, event: Event, context: { text: string; path: Path }): { matched: number; isKey: boolean } {
  const { text, path } = context;
  const wanted = frame.matched < 0 ? undefined : path[frame.matched];
  if (!frame.mapping) {
    const here = frame.index++;
    return { matched: wanted === here ? frame.matched + 1 : -1, isKey: false };
  }
  if (frame.key === undefined) {
    frame.key = event.type === EVENT_ID.SCALAR && event.valueStart >= 0 ? getScalarValue(text, event) : '\0';
    return { matched: wanted !== undefined && String(wanted) === frame.key ? frame.matched + 1 : -1, isKey: true };
  }
  const matched = wanted !== undefined && String(wanted) === frame.key ? frame.matched + 1 : -1;
  frame.key = undefined;
  return { matched, isKey: false };
}

/**
 * The line, from 1, of the value at a path in the first document of a text – of its key, in a mapping; where the path
 * leads nowhere, of the deepest part that exists. Reads the text again: for errors only.
 */
export function lineOf(text: string, path: Path): number {
  const frames: Frame[] = [];
  let best = { matched: -1, offset: 0 };
  for (const event of parseEvents(text, {})) {
    if (event.type === EVENT_ID.DOCUMENT) continue;
    if (event.type === EVENT_ID.POP) {
      frames.pop();
      if (frames.length === 0) break;
      continue;
    }
    const parent = frames.at(-1);
    const { matched, isKey } =
      parent === undefined ? { matched: 0, isKey: false } : enter(parent, event, { text, path });
    const offset = startOf(event);
    if (matched > best.matched && offset >= 0) best = { matched, offset };
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) {
      frames.push({
        mapping: event.type === EVENT_ID.MAPPING,
        matched: isKey ? -1 : matched,
        key: undefined,
        index: 0,
      });
    }
  }
  return text.slice(0, best.offset).split('\n').length;
}
