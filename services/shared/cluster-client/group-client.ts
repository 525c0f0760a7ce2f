import { assert } from '../base/assert.ts';
import type { GroupId, NodeId } from '../base/ids.ts';
import { SECOND_MS } from '../base/units.ts';
import {
  GROUPS_REMEMBERED_MAX,
  HELD_BYTES_MAX,
  HELD_REQUESTS_MAX,
  OLD_MAP_PAUSE_MS,
  REDIRECTS_MAX,
  REQUEST_DEADLINE_MAX_MS,
  RETRY_MAX_MS,
  RETRY_MIN_MS,
  STREAM_LOSSES_MAX,
  SWEEP_MS,
} from '../limits/cluster-client-limits.ts';
import type { PartitionRecord } from '../placement/catalog-records.ts';
import type { StatorTransport } from '../wire/frames.ts';
import type { StorageResponse, StorageStatus } from '../wire/storage-operations.ts';
import { HeldRequest } from './held-request.ts';
import type { ConnectionEnvironment, NodeConnection } from './node-connection.ts';
import { NodeConnections } from './node-connections.ts';
import { isWrite, type RequestedOperation } from './operations.ts';

/** What the client knows of the cluster, from seeds and catalog. */
export interface ClusterRoutes {
  /** The partition of the table that holds the key, as far as known now; undefined when the table is gone. */
  partition(tableId: string, key: Uint8Array): PartitionRecord | undefined;
  address(node: NodeId): string | undefined;
}

/** Counts for the metrics of the process. */
export interface GroupClientStatistics {
  readonly held: number;
  readonly heldBytes: number;
  readonly queuedBytes: number;
  /** Requests refused here because too many were held or queued. */
  readonly overloaded: number;
  /** Requests whose deadline passed. */
  readonly expired: number;
  /** Redirects followed. */
  readonly redirects: number;
  /** Pauses before a request was tried again. */
  readonly retries: number;
  /** Requests not repeated any more because each node that had them was lost. */
  readonly givenUp: number;
}

/** What is known of the leader of one group. */
interface GroupState {
  leader: NodeId | undefined;
  /** While the leader is unknown one request looks for it and all others wait: a lost leader must not cause a storm. */
  probe: HeldRequest | undefined;
  /** The next replica to look at, counted round. */
  turn: number;
}

/**
 * Executes operations at the replicas of groups: finds leaders, follows redirects, and holds a request and repeats it until
 * its deadline rather than failing it. A write is repeated only under its number, which is its own for the life of this
 * process: **one client in a process**. Whether a write whose answer was lost has happened is never guessed: if no
 * repetition tells, the outcome is said to be unknown.
 */
export class GroupClient {
  readonly #environment: ConnectionEnvironment;
  readonly #routes: ClusterRoutes;
  readonly #az: string;
  readonly #connections: NodeConnections<HeldRequest>;
  readonly #groups = new Map<GroupId, GroupState>();
  readonly #live: HeldRequest[] = [];
  #heldBytes = 0;
  #lastNumber = 0;
  #sweeping = false;
  #stopped = false;
  #overloaded = 0;
  #expired = 0;
  #redirects = 0;
  #retries = 0;
  #givenUp = 0;
  #nextGivenUpLogMs = 0;

  /** `az`: where this process runs; eventually consistent reads prefer replicas there. Empty: nowhere in particular. */
  constructor(environment: ConnectionEnvironment, transport: StatorTransport, routes: ClusterRoutes, az: string) {
    this.#environment = environment;
    this.#routes = routes;
    this.#az = az;
    this.#connections = new NodeConnections<HeldRequest>(environment, transport, {
      answered: (request, response) => this.#answered(request, response),
      lost: (request) => this.#lost(request),
      notSent: (request) => this.#notSent(request),
    });
  }

  statistics(): GroupClientStatistics {
    return {
      held: this.#live.length,
      heldBytes: this.#heldBytes,
      queuedBytes: this.#connections.queuedBytes(),
      overloaded: this.#overloaded,
      expired: this.#expired,
      redirects: this.#redirects,
      retries: this.#retries,
      givenUp: this.#givenUp,
    };
  }

  /**
   * Carries out one operation at the group of `partition`. `routingKey` finds the partition again when the map was old. The
   * time left, `deadlineMs`, is at most REQUEST_DEADLINE_MAX_MS. Never rejects; the statuses that come back are `ok`,
   * `condition-failed`, `validation`, `number-refused`, `collection-full`, `index-behind`, `unknown-outcome` (a write at the deadline, or one that lost
   * STREAM_LOSSES_MAX streams: it may be what ends the nodes), `overloaded` (refused
   * at once), `unavailable` (a read that lost so many, at the deadline, for a table that is gone and after `stop`, when surely nothing was done), `no-room`,
   * `no-copy` (of all replicas) and, for ranges, `wrong-range` and `no-such-group`.
   */
  execute(partition: PartitionRecord, routingKey: Uint8Array, operation: RequestedOperation, deadlineMs: number): Promise<StorageResponse> {
    if (this.#stopped) return Promise.resolve({ id: 0, status: 'unavailable', message: 'this process is stopping' });
    if (this.#live.length >= HELD_REQUESTS_MAX || this.#heldBytes >= HELD_BYTES_MAX) {
      this.#overloaded += 1;
      return Promise.resolve({ id: 0, status: 'overloaded', message: 'too many requests are under way' });
    }
    const nowMs = this.#environment.clock.monotonicMs();
    const deadlineAtMs = nowMs + Math.min(deadlineMs, REQUEST_DEADLINE_MAX_MS);
    // The number comes first: V8 spreads into such an object ten times as fast as into one that grows behind the spread.
    const numbered = isWrite(operation) ? { number: ++this.#lastNumber, ...operation } : operation;
    return new Promise((resolve) => {
      const request = new HeldRequest(numbered, partition, routingKey, deadlineAtMs, resolve);
      request.place = this.#live.push(request) - 1;
      this.#heldBytes += request.bytes;
      if (!this.#sweeping) this.#scheduleSweep();
      this.#dispatch(request, nowMs);
    });
  }

  /** Ends everything under way, and refuses what comes later. */
  stop(): void {
    this.#stopped = true;
    for (const request of [...this.#live]) this.#expire(request);
    this.#connections.close();
  }

  /** Sends the request to the best replica that can be reached, or holds it. */
  #dispatch(request: HeldRequest, nowMs: number): void {
    const group = this.#group(request.partition);
    for (;;) {
      const node = request.needsLeader ? this.#leaderOrProbe(request, group) : this.#nearest(request);
      if (node === undefined) {
        request.retryAtMs = 0;
        return;
      }
      const connection = this.#connectionTo(node);
      const result = connection === undefined ? 'unreachable' : connection.send(request, nowMs);
      if (result === 'queued') {
        request.node = node;
        request.connection = connection;
        return;
      }
      if (result === 'full') return this.#full(request);
      if (group.leader === node) group.leader = undefined;
      request.tries += 1;
      if (request.tries >= request.partition.replicas.length) return this.#pause(request);
    }
  }

  /** The leader; the next replica in turn when this request looks for the leader; undefined when another one does. */
  #leaderOrProbe(request: HeldRequest, group: GroupState): NodeId | undefined {
    if (group.leader !== undefined) return group.leader;
    group.probe ??= request;
    if (group.probe !== request) return undefined;
    const replicas = request.partition.replicas;
    const node = replicas[group.turn % replicas.length]?.node;
    group.turn += 1;
    return node;
  }

  /** Replicas in turn, beginning with the one in this process's AZ. */
  #nearest(request: HeldRequest): NodeId | undefined {
    const replicas = request.partition.replicas;
    let near = replicas.length - 1;
    while (near > 0 && replicas[near]?.az !== this.#az) near -= 1;
    return replicas[(near + request.tries) % replicas.length]?.node;
  }

  #answered(request: HeldRequest, response: StorageResponse): void {
    request.connection = undefined;
    const group = this.#group(request.partition);
    switch (response.status) {
      case 'ok':
      case 'condition-failed':
      case 'validation':
      case 'number-refused':
      case 'collection-full':
      case 'index-behind':
        if (request.needsLeader) {
          group.leader = request.node;
          group.probe = undefined;
        }
        return this.#finish(request, request.strayCopy && leftNoRecord(response) ? unknownOutcome() : response);
      case 'overloaded':
      case 'no-room':
      case 'unavailable':
        return request.uncertain ? this.#pause(request) : this.#finish(request, response);
      case 'not-leader':
        return this.#redirected(request, group, response.leader);
      case 'not-ready':
        if (group.leader === request.node) group.leader = undefined;
        // A new leader that adopts its log is asked again soon; an unready follower is left for another one at once.
        return request.needsLeader ? this.#pause(request) : this.#tryNext(request);
      case 'unknown-outcome':
        request.uncertain = request.isWrite;
        if (group.leader === request.node) group.leader = undefined;
        return this.#pause(request);
      case 'no-copy':
        return this.#noCopy(request, group, response);
      case 'no-such-group':
      case 'wrong-range':
        return this.#mapIsOld(request, group, response);
    }
  }

  #redirected(request: HeldRequest, group: GroupState, leader: NodeId | undefined): void {
    if (group.leader === request.node) group.leader = undefined;
    if (!request.needsLeader) return this.#tryNext(request);
    if (leader === undefined || leader === request.node) return this.#tryNext(request);
    if (request.redirects >= REDIRECTS_MAX) return this.#pause(request);
    request.redirects += 1;
    this.#redirects += 1;
    group.leader = leader;
    this.#dispatch(request, this.#environment.clock.monotonicMs());
  }

  /** A replica without a copy to answer from is left for the others; when all say so, nobody can answer. */
  #noCopy(request: HeldRequest, group: GroupState, response: StorageResponse): void {
    if (group.leader === request.node) group.leader = undefined;
    request.withoutCopy ??= new Set();
    if (request.node !== undefined) request.withoutCopy.add(request.node);
    if (!request.partition.replicas.every(({ node }) => request.withoutCopy?.has(node))) return this.#tryNext(request);
    this.#finish(request, request.uncertain ? unknownOutcome() : response);
  }

  #lost(request: HeldRequest): void {
    if (request.isWrite) {
      request.uncertain = true;
      request.strayCopy = true;
    }
    request.losses += 1;
    if (request.losses >= STREAM_LOSSES_MAX) return this.#giveUp(request);
    this.#notSent(request);
  }

  /** Whatever this request does to nodes, it has done it to enough of them. */
  #giveUp(request: HeldRequest): void {
    request.connection = undefined;
    const group = this.#group(request.partition);
    if (group.leader === request.node) group.leader = undefined;
    this.#givenUp += 1;
    this.#logGivenUp(request);
    // A read changes nothing, whatever became of it.
    const status = request.isWrite ? 'unknown-outcome' : 'unavailable';
    this.#finish(request, { id: 0, status, message: 'the streams to the nodes that had the request were lost' });
  }

  /** One line a second names one of them: a lost stream can end a thousand requests. */
  #logGivenUp({ operation, group, node }: HeldRequest): void {
    const nowMs = this.#environment.clock.monotonicMs();
    if (nowMs < this.#nextGivenUpLogMs) return;
    this.#nextGivenUpLogMs = nowMs + SECOND_MS;
    this.#environment.logger.warn('request-given-up', { operation: operation.kind, group, node, givenUp: this.#givenUp });
  }

  #notSent(request: HeldRequest): void {
    request.connection = undefined;
    const group = this.#group(request.partition);
    if (group.leader === request.node) group.leader = undefined;
    this.#tryNext(request);
  }

  #tryNext(request: HeldRequest): void {
    request.tries += 1;
    if (request.tries >= request.partition.replicas.length) this.#pause(request);
    else this.#dispatch(request, this.#environment.clock.monotonicMs());
  }

  /** A node that does not hold the group or the key: the map is old, or this node is no replica any more. */
  #mapIsOld(request: HeldRequest, group: GroupState, response: StorageResponse): void {
    if (group.leader === request.node) group.leader = undefined;
    if (response.status === 'no-such-group' && request.tries + 1 < request.partition.replicas.length) return this.#tryNext(request);
    // A range is cut to its partition by whoever walks it, who has to cut it anew.
    if (request.operation.kind === 'range') return this.#finish(request, response);
    const partition = this.#routes.partition(request.partition.tableId, request.routingKey);
    if (partition === undefined) {
      const gone: StorageResponse = { id: 0, status: 'unavailable', message: 'the table or its partition is gone' };
      return this.#finish(request, request.uncertain ? unknownOutcome() : gone);
    }
    if (partition !== request.partition) {
      this.#moveTo(request, partition);
      return this.#dispatch(request, this.#environment.clock.monotonicMs());
    }
    // The newer map is on its way; until it is here the old replicas are asked again, but at a slower pace.
    this.#pause(request);
    request.retryAtMs += OLD_MAP_PAUSE_MS;
  }

  #moveTo(request: HeldRequest, partition: PartitionRecord): void {
    this.#leaveProbe(request);
    request.partition = partition;
    request.tries = 0;
    request.redirects = 0;
  }

  #pause(request: HeldRequest): void {
    this.#retries += 1;
    request.tries = 0;
    request.redirects = 0;
    // Short at first: a leadership that is handed over is back within some ten milliseconds.
    const longestMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** request.pauses);
    request.pauses += 1;
    request.retryAtMs = this.#environment.clock.monotonicMs() + this.#environment.random.float() * longestMs;
  }

  #full(request: HeldRequest): void {
    if (request.uncertain) return this.#pause(request);
    this.#overloaded += 1;
    this.#finish(request, { id: 0, status: 'overloaded', message: 'too much is queued towards the node' });
  }

  #expire(request: HeldRequest): void {
    this.#expired += 1;
    const connection = request.connection;
    if (connection !== undefined) {
      const left = !connection.forget(request);
      if (left && request.isWrite) request.uncertain = true;
    }
    const nothingDone: StorageResponse = { id: 0, status: 'unavailable', message: 'the deadline passed before a replica could answer' };
    this.#finish(request, request.uncertain ? unknownOutcome() : nothingDone);
  }

  #finish(request: HeldRequest, response: StorageResponse): void {
    this.#leaveProbe(request);
    const last = this.#live.pop();
    assert(last !== undefined && request.place >= 0, 'a request is finished twice');
    if (last !== request) {
      this.#live[request.place] = last;
      last.place = request.place;
    }
    request.place = -1;
    this.#heldBytes -= request.bytes;
    request.resolve(response);
  }

  #leaveProbe(request: HeldRequest): void {
    const group = this.#group(request.partition);
    if (group.probe === request) group.probe = undefined;
  }

  #scheduleSweep(): void {
    this.#sweeping = true;
    this.#environment.timers.after(SWEEP_MS, this.#sweep);
  }

  /** Deadlines, pauses that are over and silent streams of all requests, instead of a timer for each. */
  readonly #sweep = (): void => {
    this.#connections.sweep();
    const nowMs = this.#environment.clock.monotonicMs();
    // From the end, because finishing a request moves the last one into its place.
    for (let at = this.#live.length - 1; at >= 0; at--) {
      const request = this.#live[at];
      if (request === undefined) continue;
      if (nowMs >= request.deadlineAtMs) this.#expire(request);
      else if (request.connection === undefined && nowMs >= request.retryAtMs) this.#retry(request, nowMs);
    }
    this.#sweeping = false;
    if (this.#live.length > 0) this.#scheduleSweep();
  };

  #retry(request: HeldRequest, nowMs: number): void {
    const { leader, probe } = this.#group(request.partition);
    if (request.needsLeader && leader === undefined && probe !== undefined && probe !== request) return;
    const partition = this.#routes.partition(request.partition.tableId, request.routingKey);
    if (partition !== undefined && partition !== request.partition && request.operation.kind !== 'range') this.#moveTo(request, partition);
    this.#dispatch(request, nowMs);
  }

  #group(partition: PartitionRecord): GroupState {
    const present = this.#groups.get(partition.group);
    if (present !== undefined) return present;
    // What is forgotten is learned again by one redirect.
    if (this.#groups.size >= GROUPS_REMEMBERED_MAX) this.#groups.clear();
    const made: GroupState = { leader: partition.replicas[0]?.node, probe: undefined, turn: 1 };
    this.#groups.set(partition.group, made);
    return made;
  }

  #connectionTo(node: NodeId): NodeConnection<HeldRequest> | undefined {
    const address = this.#routes.address(node);
    return address === undefined ? this.#connections.named(node) : this.#connections.at(address);
  }
}

/**
 * The write changed nothing, so the group does not remember its number: a stray copy of it that arrives later, when its
 * condition holds, is carried out. Then it must not have been called failed, nor done.
 */
function leftNoRecord({ status, slot }: StorageResponse): boolean {
  return NO_RECORD.has(status) || (status === 'ok' && slot === undefined);
}

const NO_RECORD: ReadonlySet<StorageStatus> = new Set<StorageStatus>(['condition-failed', 'validation', 'collection-full', 'index-behind']);

function unknownOutcome(): StorageResponse {
  return { id: 0, status: 'unknown-outcome', message: 'the deadline passed before the outcome of the write was known' };
}
