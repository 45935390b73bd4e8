/**
 * Cuts a stream of bytes into lines and gives each as text, without its end. A line longer than `maxBytes` throws a
 * RangeError: what does not fit is never held. A last line without an end is dropped, for it is cut off.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      const tail = chunk.subarray(from, end);
      if (heldBytes + tail.length > maxBytes) throw tooLong(maxBytes);
      const line = heldBytes === 0 ? tail.toString('utf8') : Buffer.concat([...held, tail]).toString('utf8');
      held = [];
      heldBytes = 0;
      from = end + 1;
      if (line !== '') yield line;
    }
    if (from === chunk.length) continue;
    held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > maxBytes) throw tooLong(maxBytes);
  }
}

function tooLong(maxBytes: number): RangeError {
  return new RangeError(`a line is longer than ${maxBytes} bytes`);
}
