/** The segments of a JSON pointer (RFC 6901); none for the whole document. */
export function segmentsOf(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The JSON pointer (RFC 6901) of segments. */
export function pointerOf(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** True if a segment of an ignore rule means a segment of an object: itself, or any by `*`. */
export function meansSegment(pattern: string, segment: string): boolean {
  return pattern === '*' || pattern === segment;
}
