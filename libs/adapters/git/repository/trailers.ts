const form = /^([A-Za-z0-9][A-Za-z0-9-]*):[ \t]*(.*)$/;

/**
 * The trailers in the last paragraph of a message, in order (git-interpret-trailers(1)): lines `Key: value`, continued
 * by lines that start with a space. The first paragraph is the subject and holds none.
 */
export function trailersOf(message: string): (readonly [string, string])[] {
  const paragraphs = message
    .replaceAll('\r\n', '\n')
    .trimEnd()
    .split(/\n[ \t]*\n/);
  if (paragraphs.length < 2) return [];
  const trailers: [string, string][] = [];
  for (const line of (paragraphs.at(-1) ?? '').split('\n')) {
    const last = trailers.at(-1);
    const match = form.exec(line);
    if (match) trailers.push([match[1] ?? '', (match[2] ?? '').trim()]);
    else if (last && /^[ \t]/.test(line)) last[1] = `${last[1]} ${line.trim()}`.trim();
  }
  return trailers;
}
