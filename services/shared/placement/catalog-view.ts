import { assert } from '../base/assert.ts';
import type { NodeId, Slot } from '../base/ids.ts';
import type { CatalogEntry } from '../wire/frames.ts';
import { type CatalogKey, parseCatalogKey, tableKey } from './catalog-keys.ts';
import type {
  AutoAdminLeaseRecord,
  CountersRecord,
  CredentialRecord,
  NodeRecord,
  PartitionRecord,
  RemovedTableRecord,
  RevokedCredentialRecord,
  TableRecord,
} from './catalog-records.ts';
import { type Partition, PartitionMap } from './partition-map.ts';
import { CatalogRecordError } from './record-fields.ts';
import {
  parseAutoAdminLeaseRecord,
  parseCountersRecord,
  parseCredentialEntry,
  parseNodeRecord,
  parsePartitionRecord,
  parseTableEntry,
} from './record-format.ts';
import { indexIdsOf } from './table-indexes.ts';

/** Told of a record that could not be read. The view goes on with what it had: one bad record must not blind a whole process. */
export type MalformedRecordHandler = (key: string, error: CatalogRecordError) => void;

/**
 * The catalog in memory, as of a slot. Built from watched changes; looked up by name, key and id on the data path. Records
 * keep their identity until they change.
 */
export class CatalogView {
  #slot: Slot = 0;
  /** Account -> region -> name. */
  readonly #tables = new Map<string, Map<string, Map<string, TableRecord>>>();
  /** By catalog key. */
  readonly #removedTables = new Map<string, RemovedTableRecord>();
  readonly #tablesById = new Map<string, TableRecord>();
  /** By the id of a global index, an earlier one included: the table it belongs to. */
  readonly #tablesByIndex = new Map<string, TableRecord>();
  readonly #partitions = new Map<string, PartitionMap>();
  readonly #nodes = new Map<NodeId, NodeRecord>();
  readonly #credentials = new Map<string, CredentialRecord>();
  readonly #revokedCredentials = new Map<string, RevokedCredentialRecord>();
  #counters: CountersRecord | undefined;
  #lease: AutoAdminLeaseRecord | undefined;

  /** Everything that changed up to here is in the view. */
  get slot(): Slot {
    return this.#slot;
  }

  /** Undefined before the first table was created. */
  get counters(): CountersRecord | undefined {
    return this.#counters;
  }

  get autoAdminLease(): AutoAdminLeaseRecord | undefined {
    return this.#lease;
  }

  table(account: string, region: string, name: string): TableRecord | undefined {
    return this.#tables.get(account)?.get(region)?.get(name);
  }

  /** What the last table of this name left behind; undefined while there is a table, and when it was forgotten. */
  removedTable(account: string, region: string, name: string): RemovedTableRecord | undefined {
    return this.#removedTables.get(tableKey(account, region, name));
  }

  removedTables(): IterableIterator<RemovedTableRecord> {
    return this.#removedTables.values();
  }

  tableById(tableId: string): TableRecord | undefined {
    return this.#tablesById.get(tableId);
  }

  /** The table that partitions under this id belong to: the id is the table's own or that of one of its global indexes. */
  ownerOf(id: string): TableRecord | undefined {
    return this.#tablesById.get(id) ?? this.#tablesByIndex.get(id);
  }

  /** Names of an account's tables in one region, sorted by UTF-16 units (names are ASCII). */
  tableNames(account: string, region: string): string[] {
    return [...(this.#tables.get(account)?.get(region)?.keys() ?? [])].sort();
  }

  tables(): IterableIterator<TableRecord> {
    return this.#tablesById.values();
  }

  /** Sorted by low; empty for a table without partitions. */
  partitions(tableId: string): readonly Partition[] {
    return this.#partitions.get(tableId)?.all ?? [];
  }

  partitionMap(tableId: string): PartitionMap | undefined {
    return this.#partitions.get(tableId);
  }

  /** Ids of all tables that have partition records, those of tables that are gone included. */
  tableIdsWithPartitions(): IterableIterator<string> {
    return this.#partitions.keys();
  }

  /** What is left of tables and indexes that are gone. Goes through all partitions. */
  *retiredPartitions(): Generator<PartitionRecord, void, undefined> {
    for (const map of this.#partitions.values()) for (const { record } of map.all) if (record.retired === true) yield record;
  }

  node(node: NodeId): NodeRecord | undefined {
    return this.#nodes.get(node);
  }

  nodes(): IterableIterator<NodeRecord> {
    return this.#nodes.values();
  }

  credential(accessKeyId: string): CredentialRecord | undefined {
    return this.#credentials.get(accessKeyId);
  }

  credentials(): IterableIterator<CredentialRecord> {
    return this.#credentials.values();
  }

  revokedCredentials(): IterableIterator<RevokedCredentialRecord> {
    return this.#revokedCredentials.values();
  }

  /** Takes over all changes up to `slot`, in their order. Throws nothing for malformed records, but reports each. */
  apply(slot: Slot, entries: readonly CatalogEntry[], onMalformed: MalformedRecordHandler): void {
    assert(slot >= this.#slot, () => `catalog view goes back from slot ${this.#slot} to ${slot}`);
    for (const entry of entries) this.#applyEntry(entry, onMalformed);
    this.#slot = slot;
  }

  #applyEntry(entry: CatalogEntry, onMalformed: MalformedRecordHandler): void {
    const key = parseCatalogKey(entry.key);
    if (key === undefined) return;
    try {
      if (entry.value === undefined) this.#remove(key);
      else this.#put(key, entry.value);
    } catch (error) {
      if (!(error instanceof CatalogRecordError)) throw error;
      // With a credential, what it was before may be more than it is to be now: nobody has it until it can be read.
      if (key.kind === 'credential') this.#removeCredential(key.accessKeyId);
      onMalformed(entry.key, error);
    }
  }

  #put(key: CatalogKey, json: Uint8Array): void {
    switch (key.kind) {
      case 'table':
        return this.#putTable(key, parseTableEntry(json));
      case 'partition':
        return this.#putPartition(key, parsePartitionRecord(json));
      case 'node': {
        const record = parseNodeRecord(json);
        refuseUnless(record.node === key.node, 'node.node differs from its key');
        this.#nodes.set(key.node, record);
        return;
      }
      case 'credential':
        return this.#putCredential(key.accessKeyId, parseCredentialEntry(json));
      case 'counters':
        this.#counters = parseCountersRecord(json);
        return;
      case 'auto-admin-lease':
        this.#lease = parseAutoAdminLeaseRecord(json);
        return;
    }
  }

  #putTable(key: CatalogKey & { kind: 'table' }, record: TableRecord | RemovedTableRecord): void {
    const same = record.account === key.account && record.region === key.region && record.name === key.name;
    refuseUnless(same, 'table.account, region or name differs from its key');
    if (record.status === 'REMOVED') {
      this.#removeTable(key);
      this.#removedTables.set(tableKey(key.account, key.region, key.name), record);
      return;
    }
    this.#removedTables.delete(tableKey(key.account, key.region, key.name));
    const regions = emplace(this.#tables, key.account, () => new Map<string, Map<string, TableRecord>>());
    const names = emplace(regions, key.region, () => new Map<string, TableRecord>());
    const earlier = names.get(key.name);
    if (earlier !== undefined) this.#forget(earlier);
    names.set(key.name, record);
    this.#tablesById.set(record.tableId, record);
    for (const id of indexIdsOf(record)) this.#tablesByIndex.set(id, record);
  }

  #forget(record: TableRecord): void {
    this.#tablesById.delete(record.tableId);
    for (const id of indexIdsOf(record)) this.#tablesByIndex.delete(id);
  }

  #removeTable(key: CatalogKey & { kind: 'table' }): void {
    this.#removedTables.delete(tableKey(key.account, key.region, key.name));
    const names = this.#tables.get(key.account)?.get(key.region);
    const record = names?.get(key.name);
    if (record === undefined) return;
    names?.delete(key.name);
    this.#forget(record);
  }

  #putPartition(key: CatalogKey & { kind: 'partition' }, record: PartitionRecord): void {
    const same = record.tableId === key.tableId && record.partitionId === key.partitionId;
    refuseUnless(same, 'partition.tableId or partitionId differs from its key');
    emplace(this.#partitions, key.tableId, () => new PartitionMap()).set(record);
  }

  #putCredential(accessKeyId: string, record: CredentialRecord | RevokedCredentialRecord): void {
    refuseUnless(record.accessKeyId === accessKeyId, 'credential.accessKeyId differs from its key');
    this.#removeCredential(accessKeyId);
    if (record.status === 'ACTIVE') this.#credentials.set(accessKeyId, record);
    else this.#revokedCredentials.set(accessKeyId, record);
  }

  #removeCredential(accessKeyId: string): void {
    this.#credentials.delete(accessKeyId);
    this.#revokedCredentials.delete(accessKeyId);
  }

  #remove(key: CatalogKey): void {
    switch (key.kind) {
      case 'table':
        return this.#removeTable(key);
      case 'partition': {
        const map = this.#partitions.get(key.tableId);
        map?.delete(key.partitionId);
        if (map?.all.length === 0) this.#partitions.delete(key.tableId);
        return;
      }
      case 'node':
        this.#nodes.delete(key.node);
        return;
      case 'credential':
        return this.#removeCredential(key.accessKeyId);
      case 'counters':
        this.#counters = undefined;
        return;
      case 'auto-admin-lease':
        this.#lease = undefined;
        return;
    }
  }
}

function refuseUnless(condition: boolean, reason: string): void {
  if (!condition) throw new CatalogRecordError(reason);
}

function emplace<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const present = map.get(key);
  if (present !== undefined) return present;
  const made = make();
  map.set(key, made);
  return made;
}
