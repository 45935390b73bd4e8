import { asFairleadError, FairleadError, type ClusterName, type Digest, type JsonObject } from '@fairlead/core/model';
import type { NatsRevoker, RevokedUser } from '@fairlead/ports/keys';
import { forEach } from './each.ts';
import { standingOf } from './membership.ts';
import type { GatewayPorts } from './ports.ts';

/** A user that the hub let onto the broker, as the fact `nats-user:CLUSTER:USERKEY` keeps it until its JWT ends. */
export interface BrokerUser {
  readonly cluster: ClusterName;
  /** Its public NKey. */
  readonly userKey: string;
  /** The agent's key that it was let in for. */
  readonly key: Digest;
  /** The second (Unix time) of its latest JWT. */
  readonly issuedAtS: number;
  readonly notAfterMs: number;
}

const prefix = 'nats-user:';
/** Users that one key of a cluster may have at a time. An agent has one, and another where its answer was lost. */
const mostOfOneKey = 8;

/**
 * Keeps whom the hub let onto the broker, and tells the broker of those whose membership ended or whose key is another
 * now. What is told follows from the ledger and these facts alone, and is told whole: any gateway says the same, as
 * often as it likes.
 */
export class BrokerUsers {
  readonly #ports: GatewayPorts;
  readonly #revoker: NatsRevoker | undefined;
  /** Users that may come no longer, of each cluster that has any. */
  readonly #ended = new Map<ClusterName, readonly BrokerUser[]>();
  /** Clusters whose look failed; the next beat looks again. */
  readonly #owed = new Set<ClusterName>();
  #owesAll = true;
  readonly #due = new Set<ClusterName>();
  #isAllDue = false;
  #isToTell = false;
  #isRunning = false;

  constructor(ports: GatewayPorts) {
    this.#ports = ports;
    this.#revoker = ports.nats?.revoker;
  }

  /** Writes down a user, before its JWT is given out. Throws Unavailable (RateLimited) for one key with too many. */
  async letIn(user: Omit<BrokerUser, 'issuedAtS'>): Promise<void> {
    if (!this.#revoker) return;
    const { store, clock } = this.#ports;
    const nowMs = clock.now();
    const { cluster, userKey, key, notAfterMs } = user;
    const others = (await this.#usersOf(cluster)).filter(
      (one) => one.key === key && one.userKey !== userKey && one.notAfterMs > nowMs,
    );
    if (others.length >= mostOfOneKey) throw tooMany(cluster, Math.min(...others.map((one) => one.notAfterMs)) - nowMs);
    const value: JsonObject = { key, issuedAtS: Math.floor(nowMs / 1000), notAfter: timeText(notAfterMs) };
    await store.write([{ put: 'fact', key: keyOf(user), value }]);
  }

  /** These clusters (all without a list) are to be looked at; the broker is told where anything changed. */
  review(clusters?: readonly ClusterName[]): void {
    if (clusters) for (const cluster of clusters) this.#due.add(cluster);
    else this.#isAllDue = true;
    void this.#run();
  }

  /** The broker is there, perhaps another than it was: it is told whatever it knows. */
  brokerThere(): void {
    this.#isToTell = true;
    this.beaten();
  }

  /** Does what failed once more. */
  beaten(): void {
    this.review(this.#owesAll ? undefined : [...this.#owed]);
  }

  /** One look or message at a time, so that none overtakes a later one; what comes meanwhile is done after it. */
  async #run(): Promise<void> {
    if (this.#isRunning || !this.#revoker) return;
    this.#isRunning = true;
    try {
      for (;;) {
        if (this.#isAllDue) await this.#lookAtAll();
        else if (this.#due.size > 0) await this.#lookAtDue();
        // Before every cluster was judged, a message would let in those that were not: the broker keeps what it knows.
        else if (!this.#isToTell || this.#owesAll || this.#owed.size > 0) return;
        else await this.#tell(this.#revoker);
      }
    } catch (error) {
      this.#ports.onError(error);
    } finally {
      this.#isRunning = false;
    }
  }

  async #tell(revoker: NatsRevoker): Promise<void> {
    this.#isToTell = false;
    try {
      await revoker.revoke(await this.#revoked());
    } catch (error) {
      // Where only some could be told, the others would be as many at the next beat.
      this.#isToTell = asFairleadError(error).code !== 'FailedPrecondition';
      throw error;
    }
  }

  async #usersOf(cluster: ClusterName): Promise<readonly BrokerUser[]> {
    return usersOf(await this.#ports.store.facts(`${prefix}${cluster}:`));
  }

  async #lookAtAll(): Promise<void> {
    this.#isAllDue = false;
    this.#owesAll = true;
    const users = Map.groupBy(usersOf(await this.#ports.store.facts(prefix)), ({ cluster }) => cluster);
    this.#owesAll = false;
    await this.#look(new Set([...users.keys(), ...this.#ended.keys()]), async (cluster) => users.get(cluster) ?? []);
  }

  async #lookAtDue(): Promise<void> {
    const clusters = [...this.#due];
    this.#due.clear();
    await this.#look(clusters, (cluster) => this.#usersOf(cluster));
  }

  /** A few at a time. */
  async #look(
    clusters: Iterable<ClusterName>,
    usersIn: (cluster: ClusterName) => Promise<readonly BrokerUser[]>,
  ): Promise<void> {
    const failed: unknown[] = [];
    await forEach(new Set(clusters), async (cluster) => {
      this.#owed.delete(cluster);
      await this.#lookAt(cluster, usersIn).catch((error: unknown) => {
        this.#owed.add(cluster);
        // A ledger that was not read yet is no news.
        if (asFairleadError(error).reason !== 'NotSeenYet') failed.push(error);
      });
    });
    if (failed.length > 0) this.#ports.onError(failed[0]);
  }

  async #lookAt(
    cluster: ClusterName,
    usersIn: (cluster: ClusterName) => Promise<readonly BrokerUser[]>,
  ): Promise<void> {
    const { clock } = this.#ports;
    const [over, users] = partition(await usersIn(cluster), ({ notAfterMs }) => notAfterMs <= clock.now());
    for (const user of over) await this.#forget(user);
    const ended: BrokerUser[] = [];
    for (const user of users) if (!(await this.#stands(user))) ended.push(user);
    const before = this.#ended.get(cluster) ?? [];
    if (ended.length > 0) this.#ended.set(cluster, ended);
    else this.#ended.delete(cluster);
    if (JSON.stringify(before) !== JSON.stringify(ended)) this.#isToTell = true;
  }

  async #forget(user: BrokerUser): Promise<void> {
    const key = keyOf(user);
    const fact = { key, field: 'notAfter', is: timeText(user.notAfterMs) };
    await this.#ports.store.write([{ drop: 'fact', key }], { fact }).catch((error: unknown) => {
      // It was renewed, or another gateway was faster.
      if (asFairleadError(error).code !== 'Conflict') throw error;
    });
  }

  async #stands({ cluster, key }: BrokerUser): Promise<boolean> {
    try {
      await standingOf(this.#ports, { cluster, key });
      return true;
    } catch (error) {
      if (asFairleadError(error).code === 'PermissionDenied') return false;
      throw error;
    }
  }

  async #revoked(): Promise<readonly RevokedUser[]> {
    if (this.#ended.size === 0) return [];
    const { store, clock } = this.#ports;
    return revokedOf(usersOf(await store.facts(prefix)), {
      ended: [...this.#ended.values()].flat(),
      nowMs: clock.now(),
    });
  }
}

/**
 * Whom the broker is told of: users that ended and whose JWT has not, those with the longest time left first. A user that
 * a cluster with a standing was let in by as well is spared: a member that is to be removed could name another's.
 */
export function revokedOf(
  all: readonly BrokerUser[],
  { ended, nowMs }: { readonly ended: readonly BrokerUser[]; readonly nowMs: number },
): readonly RevokedUser[] {
  const endedKeys = new Set(ended.map(keyOf));
  const isLetIn = ({ notAfterMs }: BrokerUser): boolean => notAfterMs > nowMs;
  const others = all.filter((user) => isLetIn(user) && !endedKeys.has(keyOf(user)));
  const spared = new Set(others.map(({ userKey }) => userKey));
  return ended
    .filter((user) => isLetIn(user) && !spared.has(user.userKey))
    .sort((a, b) => b.notAfterMs - a.notAfterMs)
    .map(({ userKey, issuedAtS }) => ({ userKey, issuedAtS }));
}

function keyOf({ cluster, userKey }: Pick<BrokerUser, 'cluster' | 'userKey'>): string {
  return `${prefix}${cluster}:${userKey}`;
}

/** As text, because a write can be held to a text that is still there. */
function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function partition<Item>(items: readonly Item[], is: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(is), items.filter((item) => !is(item))];
}

function usersOf(facts: ReadonlyMap<string, JsonObject>): BrokerUser[] {
  return [...facts].map(([name, value]) => {
    const [cluster, userKey] = name.slice(prefix.length).split(':');
    const { key, issuedAtS, notAfter } = value as unknown as Pick<BrokerUser, 'key' | 'issuedAtS'> & {
      notAfter: string;
    };
    return {
      cluster: cluster as ClusterName,
      userKey: userKey ?? '',
      key,
      issuedAtS,
      notAfterMs: Date.parse(notAfter),
    };
  });
}

function tooMany(cluster: ClusterName, afterMs: number): FairleadError {
  return new FairleadError(
    `Cannot let another NATS user in for ${cluster}: its key has ${mostOfOneKey} whose time is not over. An agent keeps its user in the Secret fairlead-identity; find out what takes that away, or enrol the cluster again: fairlead cluster join ${cluster}`,
    { code: 'Unavailable', reason: 'RateLimited', retry: { afterMs }, subject: { cluster } },
  );
}
