import type { ClusterName } from '@fairlead/core/model';
import type { Misdeed } from './misdeeds.ts';
import type { GatewayPorts } from './ports.ts';

/** How long the same is not said again of the same cluster. */
const quietMs = 600_000;
/** What was said lately is remembered of so many; with more, the oldest may be said again. */
const remembered = 10_000;

/** Tells the journal what agents do that they should not: each kind once in ten minutes for each cluster. */
export class Complaints {
  readonly #ports: Pick<GatewayPorts, 'store' | 'clock' | 'onError'>;
  /** When it was said last, by kind and cluster, the oldest first. */
  readonly #said = new Map<string, number>();

  constructor(ports: Pick<GatewayPorts, 'store' | 'clock' | 'onError'>) {
    this.#ports = ports;
  }

  /** Says it, if it was not said lately. Never throws. */
  say(cluster: ClusterName, { what, reason, message }: Misdeed): void {
    const { store, clock, onError } = this.#ports;
    const atMs = clock.now();
    const key = `${what} ${cluster}`;
    const before = this.#said.get(key);
    if (before !== undefined && atMs - before < quietMs) return;
    this.#said.delete(key);
    this.#said.set(key, atMs);
    const [oldest] = this.#said.keys();
    if (this.#said.size > remembered && oldest !== undefined) this.#said.delete(oldest);
    const row = { atMs, type: 'AgentMisbehaves', reason, message: `${cluster} ${message}`, cluster };
    store.write([{ put: 'event', row }]).catch(onError);
  }
}
