import { inflateSync } from 'node:zlib';
import pako from 'pako';

/*
 * isomorphic-git inflates every object of a pack by pako, in JavaScript: half a millisecond for the kilobyte of a ledger
 * file, five seconds for ten thousand members each time the hub starts. Node's own zlib takes a hundredth of that. Whole
 * buffers only; where bytes come in pieces pako goes on.
 */
const inflate = pako.inflate;

function inflateHere(data: pako.Data, options?: pako.InflateFunctionOptions): Uint8Array | string {
  return options === undefined ? inflateSync(data as Uint8Array) : inflate(data, options);
}

pako.inflate = inflateHere as typeof pako.inflate;
