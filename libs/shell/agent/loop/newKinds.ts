import type { FairleadError, ApplicationId } from '@fairlead/core/model';
import type { Ground } from './ground.ts';

/** What tells of new kinds: definitions, and the servers of aggregated APIs. */
const tellers = [
  { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
];
/** Definitions mostly come many at a time. */
const gatherMs = 100;

/** Listens for new kinds as long as an application wants one that the API server does not know, whoever brings it. */
export class NewKinds {
  readonly #ground: Pick<Ground, 'cluster' | 'clock' | 'log'>;
  readonly #came: () => void;
  readonly #lacking = new Set<ApplicationId>();
  #listening: AbortController | undefined;
  #cancel: (() => void) | undefined;

  /** `came` is told that there may be a new kind. */
  constructor(ground: Pick<Ground, 'cluster' | 'clock' | 'log'>, came: () => void) {
    this.#ground = ground;
    this.#came = came;
  }

  /** An application lacks a kind, or does not any more. */
  lacks(application: ApplicationId, isLacking: boolean): void {
    if (isLacking) this.#lacking.add(application);
    else this.#lacking.delete(application);
    if (this.#lacking.size === 0) this.stop();
    else if (!this.#listening) this.#listen();
  }

  /** Listens no longer. */
  stop(): void {
    this.#listening?.abort();
    this.#listening = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #listen(): void {
    const listening = new AbortController();
    this.#listening = listening;
    for (const teller of tellers) {
      this.#follow(teller, listening.signal).catch((error: unknown) => {
        if (listening.signal.aborted) return;
        // The pauses of the objects that wait go on without it, and the next of their passes begins it anew.
        this.#ground.log.warn('newKinds.unheard', { kind: teller.kind, error: String(error) });
        if (this.#listening === listening) this.stop();
      });
    }
  }

  async #follow(teller: { group: string; kind: string }, signal: AbortSignal): Promise<void> {
    const { cluster, log } = this.#ground;
    const kind = await cluster.preferredKind(teller.group, teller.kind);
    if (!kind || signal.aborted) return;
    const onError = (error: FairleadError): void =>
      log.warn('newKinds.interrupted', { kind: teller.kind, error: error.message });
    for await (const event of cluster.watch({ kind, metadataOnly: true, signal, onError }))
      if (event.type === 'Synced' || event.type === 'Seen') this.#soon();
  }

  #soon(): void {
    this.#cancel ??= this.#ground.clock.after(gatherMs, () => {
      this.#cancel = undefined;
      this.#came();
    });
  }
}
