const one = String.raw`(nats|tls)://[^\s/@,]+:\d{1,5}`;
const several = new RegExp(`^${one}(,${one})*$`);

/** True for `nats://HOST:PORT` or `tls://HOST:PORT`, and for several servers of one cluster with commas in between. */
export function isBrokerAddress(text: string): boolean {
  return several.test(text);
}
