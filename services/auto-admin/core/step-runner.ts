import type { NodeId, Slot } from '../../shared/base/ids.ts';
import type { CatalogStore, CatalogWrite } from '../../shared/cluster-client/catalog-store.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { AdminCallError, TransportError } from '../../shared/env/transport.ts';
import { STEP_CALL_TIMEOUT_MS } from '../../shared/limits/auto-admin-limits.ts';
import { COUNTERS_KEY, partitionKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { PartitionRecord, RemovedTableRecord, ReplicaRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import { serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { serializeRecord } from '../../shared/placement/record-format.ts';
import { pauseBefore, withBegunIndexes, withoutLostIndexes } from '../../shared/placement/rebuilt-index.ts';
import { placedIndexes, settledTable } from '../../shared/placement/settled-table.ts';
import type { AdminRequest, IndexProgress } from '../../shared/wire/admin.ts';
import type { StatorTransport } from '../../shared/wire/frames.ts';
import type { ObservedKnowledge } from './knowledge.ts';
import type { Step } from './steps.ts';

/** What came of a step: `waiting` when it did nothing wrong but the next plan should be made a little later. */
export interface StepResult {
  readonly code: 'done' | 'waiting';
  /** Slot of the last catalog write: the next plan must see it. */
  readonly slot: Slot;
}

const DONE: StepResult = { code: 'done', slot: 0 };
const WAITING: StepResult = { code: 'waiting', slot: 0 };

/** Carries out single steps against catalog and nodes. Throws what the catalog or a node throws: the step is then planned again. */
export class StepRunner {
  readonly #environment: Environment;
  readonly #transport: StatorTransport;
  readonly #catalog: CatalogStore;
  readonly #knowledge: ObservedKnowledge;
  readonly #rebuildPauseMs: number;

  constructor(parts: {
    environment: Environment;
    transport: StatorTransport;
    catalog: CatalogStore;
    knowledge: ObservedKnowledge;
    /** RebuildPace.pauseMs. */
    rebuildPauseMs: number;
  }) {
    this.#environment = parts.environment;
    this.#transport = parts.transport;
    this.#catalog = parts.catalog;
    this.#knowledge = parts.knowledge;
    this.#rebuildPauseMs = parts.rebuildPauseMs;
  }

  run(step: Step): Promise<StepResult> {
    switch (step.kind) {
      case 'place-table':
        return this.#placeTable(step);
      case 'create-replica':
        return this.#createReplica(step);
      case 'observe-node':
        return this.#observeNode(step.address);
      case 'apply-settings':
        return this.#applySettings(step);
      case 'follow-indexes':
        return this.#followIndexes(step);
      case 'mark-placed':
        return this.#writeTable(step.table, placedIndexes(step.table, step.indexIds, step.incomplete));
      case 'give-up-indexes':
        return this.#giveUpIndexes(step);
      case 'begin-indexes':
        return this.#writeTable(step.table, withBegunIndexes(step.table, step.indexIds));
      case 'activate-table':
        // The planner has seen that every partition has the settings of this record.
        return this.#writeTable(step.table, settledTable(step.table, step.incomplete));
      case 'delete-replica':
        return this.#deleteReplica(step.partition, step.replica, step.address);
      case 'retire-partition':
        return this.#retirePartition(step.partition);
      case 'delete-partition':
        return this.#deletePartition(step.partition);
      case 'delete-table':
        return this.#removeTable(step.table);
    }
  }

  /**
   * Ids first. Two auto-admins would write the very same counters, so finding them written proves nothing: a reservation of
   * unknown outcome counts as somebody else's, and its ids, if they were reserved, are never used.
   */
  async #placeTable(step: Step & { kind: 'place-table' }): Promise<StepResult> {
    const { counters, partitions } = step;
    const reserved = await this.#catalog.write(COUNTERS_KEY, serializeRecord(counters), counters.generation, step.countersGeneration);
    if (reserved.outcome !== 'written') return WAITING;
    const writes = await Promise.all(partitions.map((partition) => this.#writePartition(partition)));
    return writes.reduce(joined, { code: 'done', slot: reserved.slot });
  }

  async #writePartition(partition: PartitionRecord): Promise<StepResult> {
    const key = partitionKey(partition.tableId, partition.partitionId);
    return resultOf(await this.#catalog.writeSettled(key, serializeRecord(partition), partition.generation, undefined));
  }

  async #createReplica({ partition, replica: { replica, node }, address, late }: Step & { kind: 'create-replica' }): Promise<StepResult> {
    await this.#call(node, address, {
      kind: 'create-replica',
      group: partition.group,
      replica,
      tableId: partition.tableId,
      partitionId: partition.partitionId,
      low: Buffer.from(partition.low, 'hex'),
      high: Buffer.from(partition.high, 'hex'),
      members: partition.replicas,
      preferredLeader: partition.replicas[0]?.replica ?? replica,
      late,
    });
    this.#knowledge.created.add(replica);
    return DONE;
  }

  /** About a replica of the node. */
  async #call(node: NodeId, address: string, request: AdminRequest): Promise<void> {
    try {
      await this.#transport.call(address, request, STEP_CALL_TIMEOUT_MS);
      this.#knowledge.unreachable.delete(node);
    } catch (error) {
      if (error instanceof TransportError) this.#knowledge.unreachable.add(node);
      else this.#knowledge.unreachable.delete(node);
      throw error;
    }
  }

  async #observeNode(address: string): Promise<StepResult> {
    const description = await this.#transport.call(address, { kind: 'describe-node' }, STEP_CALL_TIMEOUT_MS);
    if (description.kind !== 'node-description') throw new Error(`a node answered ${description.kind} to describe-node`);
    let news = false;
    for (const { group, leading, commit } of description.replicas) {
      // Whoever leads may be none of those that were asked to be made: where a call was lost the group gave itself another member, by a record
      // that was chosen. What is chosen has a leader.
      if ((!leading && commit === 0) || this.#knowledge.led.has(group)) continue;
      this.#knowledge.led.add(group);
      news = true;
    }
    return news ? DONE : WAITING;
  }

  /** Only the leader takes settings; who leads is found by asking. */
  async #applySettings({ partition: { group }, addresses, settings }: Step & { kind: 'apply-settings' }): Promise<StepResult> {
    const request = { kind: 'change-settings', group, settings: serializePartitionSettings(settings) } as const;
    for (const address of addresses) {
      try {
        const answer = await this.#transport.call(address, request, STEP_CALL_TIMEOUT_MS);
        if (answer.kind !== 'settings-applied') throw new Error(`a node answered ${answer.kind} to change-settings`);
        this.#knowledge.settings.set(group, answer.version);
        this.#knowledge.built.set(group, new Set(answer.indexes.filter(isBuilt).map(({ indexId }) => indexId)));
        return DONE;
      } catch (error) {
        // A node that is down cannot lead; whoever took over is among the others.
        if (address === addresses.at(-1) && !(error instanceof AdminCallError && error.code === 'not-leader')) throw error;
      }
    }
    return WAITING;
  }

  /** The same call tells how far new indexes are: settings that the group has already change nothing. */
  async #followIndexes(step: Step & { kind: 'follow-indexes' }): Promise<StepResult> {
    const { code } = await this.#applySettings({ ...step, kind: 'apply-settings' });
    const built = this.#knowledge.built.get(step.partition.group);
    const areBuilt = step.settings.globalIndexes.every(({ indexId, backfill }) => !backfill || built?.has(indexId) === true);
    return code === 'done' && areBuilt ? DONE : WAITING;
  }

  async #giveUpIndexes({ table, lost }: Step & { kind: 'give-up-indexes' }): Promise<StepResult> {
    const after = withoutLostIndexes(table, [...lost.keys()], Math.floor(this.#environment.clock.wallMs()));
    const result = await this.#writeTable(table, after);
    if (result.code !== 'done') return result;
    for (const index of after.globalIndexes ?? []) {
      const loss = lost.get(index.former?.at(-1) ?? '');
      if (loss === undefined || index.rebuilds === undefined) continue;
      const { count } = index.rebuilds;
      const said = {
        tableId: table.tableId,
        index: index.name,
        indexId: index.indexId,
        loss,
        count,
        pauseMs: pauseBefore(index.rebuilds, this.#rebuildPauseMs),
      };
      this.#environment.logger.warn('index-made-anew', said);
    }
    return result;
  }

  async #writeTable(before: TableRecord, after: TableRecord): Promise<StepResult> {
    const key = tableKey(after.account, after.region, after.name);
    return resultOf(await this.#catalog.writeSettled(key, serializeRecord(after), after.generation, before.generation));
  }

  async #deleteReplica(partition: PartitionRecord, { replica, node }: ReplicaRecord, address: string): Promise<StepResult> {
    await this.#call(node, address, { kind: 'delete-replica', group: partition.group, replica });
    this.#knowledge.destroyed.add(replica);
    return DONE;
  }

  async #retirePartition(partition: PartitionRecord): Promise<StepResult> {
    const record: PartitionRecord = { ...partition, generation: partition.generation + 1, retired: true };
    const key = partitionKey(partition.tableId, partition.partitionId);
    return resultOf(await this.#catalog.writeSettled(key, serializeRecord(record), record.generation, partition.generation));
  }

  async #deletePartition(partition: PartitionRecord): Promise<StepResult> {
    const removal = await this.#catalog.remove(partitionKey(partition.tableId, partition.partitionId), partition.generation);
    if (removal.outcome === 'written') this.#knowledge.forget(partition);
    return resultOf(removal);
  }

  /** What stays under the key keeps late copies of calls from making the table again; `RemovedRecords` takes it away. */
  async #removeTable({ account, region, name, tableId, generation }: TableRecord): Promise<StepResult> {
    const removedAtMs = Math.floor(this.#environment.clock.wallMs());
    const record: RemovedTableRecord = { account, region, name, tableId, status: 'REMOVED', generation: generation + 1, removedAtMs };
    const key = tableKey(account, region, name);
    return resultOf(await this.#catalog.writeSettled(key, serializeRecord(record), record.generation, generation));
  }
}

/** The index partitions have all that the partition had before the index. */
function isBuilt({ backfilled, delivered }: IndexProgress): boolean {
  return backfilled && delivered;
}

/** After a conflict the watched catalog is behind, or about to bring what another auto-admin wrote: plan again a little later. */
function resultOf(write: CatalogWrite): StepResult {
  return write.outcome === 'written' ? { code: 'done', slot: write.slot } : WAITING;
}

export function joined(a: StepResult, b: StepResult): StepResult {
  return { code: a.code === 'done' ? b.code : a.code, slot: Math.max(a.slot, b.slot) };
}
