import { asFairleadError, FairleadError, type KubeObject } from '@fairlead/core/model';
import type { InventoryEntry } from '@fairlead/core/prune';
import { apiFailureOf } from '@fairlead/ports/cluster';
import type { Urgency } from '../pace.ts';
import { applyItem, type ItemApplied } from './apply.ts';
import { viewerOf, type Desk } from './desk.ts';
import type { Assignment } from './ground.ts';
import type { Item } from './item.ts';
import { referenceOf } from './live.ts';
import { letGo, type Renewals } from './renew.ts';
import { isUncertain, problemOf } from './retry.ts';
import type { Vitals } from './vitals.ts';

/** How soon an object that is on its way out is looked at, where its watch says nothing. */
export const goingAgainMs = 10_000;

/** Sends objects, and notes what came of it. */
export class Sender {
  readonly #desk: Desk;
  readonly #vitals: Vitals;
  readonly #renewals: Renewals;

  constructor(desk: Desk, by: { vitals: Vitals; renewals: Renewals }) {
    this.#desk = desk;
    this.#vitals = by.vitals;
    this.#renewals = by.renewals;
  }

  /** Applies what is wanted; resolves with the server's answer, and with undefined where the item's problem says why there is none. */
  async send(item: Item, urgency: Urgency): Promise<KubeObject | undefined> {
    const { application, ground, namespaces } = this.#desk;
    const assignment = this.#desk.assignment();
    const { wanted } = item;
    if (!assignment || !wanted) return undefined;
    item.untried = false;
    try {
      const answer = await applyItem(ground, { application, assignment, item, urgency, namespaces });
      this.#applied(item, { answer, wanted, assignment });
      return answer.object;
    } catch (thrown) {
      const error = asFairleadError(thrown);
      const mayRenew = wanted.apply === 'Recreate' && item.renewedFor !== wanted.digest;
      if (mayRenew && apiFailureOf(error)?.immutable) return this.renew(item, urgency);
      this.failed(item, error.reason === 'ObjectTerminating' ? await this.#withRemains(item, error) : error);
      return undefined;
    }
  }

  /** Deletes an object and makes it anew, at once or when it is gone. */
  async renew(item: Item, urgency: Urgency = 'bulk'): Promise<KubeObject | undefined> {
    const { events } = this.#desk;
    const assignment = this.#desk.assignment();
    const { wanted } = item;
    if (!assignment || !wanted) return undefined;
    try {
      const outcome = await letGo(this.#desk, item, { assignment, renewals: this.#renewals });
      // Once for each manifest: one that cannot be applied even to a new object would be deleted for ever.
      item.renewedFor = wanted.digest;
      if (outcome.is === 'Gone') return await this.send(item, urgency);
      item.isRenewed = true;
      item.live = 'Terminating';
      const message = `${item.text} is made anew once it is gone: ${outcome.because}`;
      const digest = wanted.digest;
      item.problem = { reason: 'Recreating', message, tries: 1, retryAtMs: 0, digest, awaited: true };
      events.again(goingAgainMs);
      events.changed();
    } catch (thrown) {
      this.failed(item, asFairleadError(thrown));
    }
    return undefined;
  }

  /** Asks what the server would answer; throws where it refuses. */
  async dryRun(item: Item): Promise<KubeObject | undefined> {
    const { application, ground, namespaces } = this.#desk;
    const assignment = this.#desk.assignment();
    if (!assignment) return undefined;
    const work = { application, assignment, item, urgency: 'correction', namespaces, dryRun: true } as const;
    return (await applyItem(ground, work)).object;
  }

  /** Notes why something could not be done, and when it is tried again. */
  failed(item: Item, error: FairleadError): void {
    const { ground, namespaces, events, application } = this.#desk;
    // Whether it arrived is not known: the GET comes before any retry. Where the server refused, it did not.
    item.untried = item.entry?.uid === undefined && !isUncertain(error);
    item.problem = problemOf(error, { item, nowMs: ground.clock.now() });
    if (error.code === 'NotFound') namespaces.forget(item.key.namespace);
    ground.log.warn('apply.failed', { application, object: item.text, reason: error.reason, error: error.message });
    events.failed(item);
    events.again(Math.max(0, item.problem.retryAtMs - ground.clock.now()));
    events.changed();
  }

  /** The refusal of a namespace that is on its way out, with what keeps it there. */
  async #withRemains(item: Item, error: FairleadError): Promise<FairleadError> {
    const { code, reason, subject, retry, message } = error;
    const remains = await this.#desk.namespaces.remains(item.key.namespace);
    return remains === ''
      ? error
      : new FairleadError(`${message}; ${remains}`, { code, reason, subject, retry, cause: error });
  }

  #applied(
    item: Item,
    done: { answer: ItemApplied; wanted: NonNullable<Item['wanted']>; assignment: Assignment },
  ): void {
    const { answer, wanted, assignment } = done;
    const { object } = answer;
    const reference = answer.left ? undefined : referenceOf(object, viewerOf(this.#desk, item, assignment));
    const entry: InventoryEntry = {
      key: item.key,
      uid: object.metadata.uid ?? '',
      origin: originOf(item, answer),
      stage: wanted.stage,
      manifest: wanted.digest,
      ...reference,
      ...(wanted.prune === 'Orphan' ? { orphan: true } : {}),
    };
    item.entry = entry;
    item.live = 'AsApplied';
    item.problem = undefined;
    item.reported = '';
    item.isRenewed = false;
    item.answered = object.metadata.resourceVersion ?? '';
    this.#desk.inventory.mark(entry);
    this.#vitals.assess(item, object);
    this.#desk.events.changed();
  }
}

function originOf({ entry }: Item, { object, created }: ItemApplied): 'Created' | 'Adopted' {
  if (created) return 'Created';
  const isSame = entry?.uid === undefined || entry.uid === object.metadata.uid;
  return isSame ? (entry?.origin ?? 'Adopted') : 'Adopted';
}
