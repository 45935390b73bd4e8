import { FairleadError } from '@fairlead/core/model';

/** What a call asks of a list. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A part of a list, and where the next one begins. */
export interface Page<Item> {
  readonly items: Item[];
  readonly next?: string;
}

/**
 * The page of items whose key comes after the cursor. Items are sorted by key, so a page is the same page whatever was
 * added or taken away before it.
 */
export function pageOf<Item>(
  items: readonly Item[],
  { key, limit, cursor }: PageRequest & { key: (item: Item) => string },
): Page<Item> {
  const after = cursor === undefined ? undefined : fromCursor(cursor);
  const rest = after === undefined ? items : items.filter((item) => key(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return rest.length > page.length && last !== undefined ? { items: page, next: toCursor(key(last)) } : { items: page };
}

/** A cursor is opaque to callers. */
export function toCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

/** Throws `FairleadError` (InvalidArgument) for text that is no cursor. */
export function fromCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (key !== '' && toCursor(key) === cursor) return key;
  throw notACursor();
}

/** The error for text that no page of the list ended with. */
export function notACursor(): FairleadError {
  return new FairleadError(
    'Cannot go on from this cursor: it is not one that a page ended with. Start again without it.',
    { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: 'cursor' } },
  );
}
