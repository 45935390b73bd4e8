import type { SecureContext } from 'node:tls';

/** What is kept of one identity towards one hub. */
export interface KeptTls {
  readonly context: SecureContext;
  /** The last session; offered to the hub, it halves the cost of a handshake on both ends. */
  session?: Buffer;
}

/** What an agent keeps of its last connection, in memory only, so that it is back cheaply when its hub was gone. */
export interface TlsSessions {
  /** What is kept under the name; made anew where the name is not the last one. */
  of(name: string, make: () => SecureContext): KeptTls;
}

/** Makes an empty one. */
export function tlsSessions(): TlsSessions {
  let last: { readonly name: string; readonly kept: KeptTls } | undefined;
  return {
    of(name, make) {
      if (last?.name !== name) last = { name, kept: { context: make() } };
      return last.kept;
    },
  };
}
