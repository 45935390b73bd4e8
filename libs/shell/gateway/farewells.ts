import type { ClusterName } from '@fairlead/core/model';
import { forEach } from './each.ts';
import { statusBell, unlessNewer, writeContact, type SessionOf } from './row.ts';
import type { GatewayPorts } from './ports.ts';

/** A stream that is over, and when it was heard last. */
export interface Farewell extends SessionOf {
  readonly lastHeardAtMs: number;
}

/**
 * Writes down that streams are over. What the store does not take is owed until it does: as long as this gateway lives,
 * nobody else takes back that a cluster is connected. Of a cluster only its last session counts, so that no more is owed
 * than there are clusters.
 */
export class Farewells {
  readonly #ports: Pick<GatewayPorts, 'store' | 'onError'>;
  readonly #owed = new Map<ClusterName, Farewell>();

  constructor(ports: Pick<GatewayPorts, 'store' | 'onError'>) {
    this.#ports = ports;
  }

  /** Says it now, or else after a beat. Never rejects. */
  async say(farewell: Farewell): Promise<void> {
    const owed = this.#owed.get(farewell.cluster);
    if (owed !== undefined && owed.session > farewell.session) return;
    this.#owed.set(farewell.cluster, farewell);
    await this.#write(farewell).catch(this.#ports.onError);
  }

  /** Says again what is owed; ends with the first that the store does not take, until the next beat. Never rejects. */
  async beaten(): Promise<void> {
    const failed: unknown[] = [];
    await forEach(this.#owed.values(), async (farewell) => {
      if (failed.length === 0) await this.#write(farewell).catch((error: unknown) => failed.push(error));
    });
    if (failed.length > 0) this.#ports.onError(failed[0]);
  }

  async #write(farewell: Farewell): Promise<void> {
    const { cluster, lastHeardAtMs } = farewell;
    const contact = { connected: false, lastHeardAtMs };
    await writeContact(this.#ports.store, farewell, { contact, changes: [statusBell(cluster)] }).catch(unlessNewer);
    if (this.#owed.get(cluster) === farewell) this.#owed.delete(cluster);
  }
}
