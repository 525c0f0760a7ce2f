import { CATALOG_GROUP, type GroupId, type NodeId } from '../../shared/base/ids.ts';
import type { PartitionRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import type { AdminRequest, AdminResponse, GroupInspection } from '../../shared/wire/admin.ts';
import type { AbsenceNotices } from './absence-notices.ts';

/** What is looked at of the node. */
export interface MissingReplicaParts {
  readonly node: NodeId;
  /** The newest catalog that the node knows. */
  readonly view: () => CatalogView;
  /** A replica of this node is a member of the group. */
  readonly hasMember: (group: GroupId) => boolean;
  readonly absences: Pick<AbsenceNotices, 'saidSince'>;
  /** Other nodes that may hold the catalog. */
  readonly catalogAddresses: readonly string[];
  readonly call: (address: string, request: AdminRequest, timeoutMs: number) => Promise<AdminResponse>;
}

/** A place where a member should be. */
interface Place {
  readonly group: GroupId;
  /** Nodes that know who the members are now. */
  readonly addresses: readonly string[];
  /** The place is known as of this configuration. */
  readonly configuration: number;
}

/** A leader writes to a member that is not there more often than this: what was said longer ago may be over. */
const SAID_LATELY_MS = 6000;
const CALL_TIMEOUT_MS = 1000;

/**
 * Knows of which groups this node should have a member and has none, so that a node whose disk was replaced is not taken for whole
 * before it is. Two things tell of such a group: the catalog, which names the node, and leaders, which write to a member here.
 *
 * The catalog is not told of members that moved elsewhere, nor is its own group in it. So whoever has replicas of the group is asked:
 * once somebody knows of later members, and none of them is on this node, the place counts no more. A table that is being created
 * holds nothing that could be lost, and one that is being deleted nothing that is needed.
 */
export class MissingReplicas {
  readonly #parts: MissingReplicaParts;
  /** Groups whose members are all elsewhere, by their own word. */
  readonly #elsewhere = new Set<GroupId>();
  #looking = false;

  constructor(parts: MissingReplicaParts) {
    this.#parts = parts;
  }

  /** One of the groups that a member is missing of; undefined: none is, as far as is known. */
  first(nowMs: number): GroupId | undefined {
    for (const { group } of this.#places()) return group;
    for (const group of this.#parts.absences.saidSince(nowMs - SAID_LATELY_MS)) {
      if (!this.#parts.hasMember(group) && this.#isWanted(group)) return group;
    }
    return undefined;
  }

  /** Asks others whether the places where a member is missing are this node's still. To be called every second or so. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const place of [...this.#places()]) {
        // One place that stands is enough: the others can wait.
        if (!(await this.#isElsewhere(place))) return;
        this.#elsewhere.add(place.group);
      }
    } finally {
      this.#looking = false;
    }
  }

  /** Where a member should be and is not, as far as the catalog and those who were asked know. */
  *#places(): Generator<Place, void, undefined> {
    const { catalogAddresses, view, node } = this.#parts;
    if (this.#isOpen(CATALOG_GROUP)) yield { group: CATALOG_GROUP, addresses: catalogAddresses, configuration: 0 };
    for (const { group, replicas, configuration } of this.#wanted()) {
      if (!replicas.some((replica) => replica.node === node) || !this.#isOpen(group)) continue;
      const addresses = replicas.map((replica) => (replica.node === node ? undefined : view().node(replica.node)?.address));
      yield { group, addresses: addresses.filter((address) => address !== undefined), configuration };
    }
  }

  #isOpen(group: GroupId): boolean {
    return !this.#elsewhere.has(group) && !this.#parts.hasMember(group);
  }

  #isWanted(group: GroupId): boolean {
    if (group === CATALOG_GROUP) return true;
    for (const record of this.#wanted()) if (record.group === group) return true;
    return false;
  }

  *#wanted(): Generator<PartitionRecord, void, undefined> {
    const view = this.#parts.view();
    for (const { tableId, status, globalIndexes = [] } of view.tables()) {
      if (status === 'CREATING' || status === 'DELETING') continue;
      const indexes = globalIndexes.filter(({ status: each }) => each !== 'CREATING' && each !== 'DELETING');
      for (const id of [tableId, ...indexes.map(({ indexId }) => indexId)]) {
        for (const { record } of view.partitions(id)) if (record.retired !== true) yield record;
      }
    }
  }

  /** Who was replaced may not know it yet, so that the latest of all answers counts. */
  async #isElsewhere({ group, addresses, configuration }: Place): Promise<boolean> {
    const answers = await Promise.all(addresses.map((address) => this.#inspect(address, group)));
    let latest: GroupInspection | undefined;
    for (const answer of answers)
      if (answer !== undefined && answer.configuration > (latest?.configuration ?? configuration)) latest = answer;
    return latest !== undefined && !latest.members.some(({ node }) => node === this.#parts.node);
  }

  /** Undefined when there is no answer. */
  async #inspect(address: string, group: GroupId): Promise<GroupInspection | undefined> {
    try {
      const answer = await this.#parts.call(address, { kind: 'inspect-group', group }, CALL_TIMEOUT_MS);
      return answer.kind === 'group-inspection' ? answer : undefined;
    } catch {
      return undefined;
    }
  }
}
