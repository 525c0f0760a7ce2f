import assert from 'node:assert/strict';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { Prng } from '../../shared/base/prng.ts';
import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import { parseItem, serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../../shared/item/attribute-value.ts';
import { globalIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { decodeStoredValue } from '../../shared/item/stored-value.ts';
import { partitionKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { PartitionRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import { CatalogView } from '../../shared/placement/catalog-view.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { type CatalogRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import type { ApplyChangesOperation, StorageResponse } from '../../shared/wire/storage-operations.ts';
import { IndexCursors } from '../core/index-cursors.ts';
import type { Answer, WriteOperation } from '../core/write-evaluator.ts';
import type { Group } from './group.ts';
import { IndexSenders } from './index-senders.ts';
import { IDENTITY, ReplicaWorld } from './replica-world.fixture.ts';

export const KEYS = { partition: { name: 'p', type: 'S' as const } };
export const INDEX_KEYS = { partition: [{ name: 'a', type: 'S' as const }], sort: [] };
/** Names of items. */
export const NAMES = Array.from({ length: 12 }, (_, at) => `item-${at}`);
/** Two partitions of the index; which entry is where follows from the hash. */
const HALVES = [
  { group: 50, low: '', high: '8000000000000000' },
  { group: 51, low: '8000000000000000', high: '' },
] as const;

export function settingsOf(version: number, indexIds: readonly string[], backfill: boolean): PartitionSettings {
  const globalIndexes = indexIds.map((indexId) => {
    return { name: indexId, indexId, keys: INDEX_KEYS, projection: { kind: 'keys-only' as const }, backfill };
  });
  return { version, keys: KEYS, localIndexes: [], globalIndexes };
}

export function keyOf(name: string): Buffer {
  return encodeKey(KEYS, { p: { S: name } }, nodeDigest);
}

/** Log kept for indexes, and how long one may stand still beyond it. */
export const LOG_BYTES_MAX = 1 << 20;
export const REBUILD_AFTER_MS = 60_000;

/** What the fake network does with a message; `answered`: with where the index partition is, which takes nothing. */
export type Fate = 'taken' | 'answer-lost' | 'lost' | 'twice' | 'answered';

/** A partition of a table, alone in its group, that leads and feeds indexes whose partitions the test plays. */
export class FedIndexWorld {
  readonly world = new ReplicaWorld();
  readonly view = new CatalogView();
  readonly cursors = new Map<number, IndexCursors>();
  readonly entries = new Map<number, Map<string, AttributeMap>>();
  readonly items = new Map<string, AttributeMap>();
  readonly random: Prng;
  fate: () => Fate = () => 'taken';
  /** Messages so far. */
  sent: ApplyChangesOperation[] = [];
  /** Replicas that were let lead. */
  handedOverTo: ReplicaId[] = [];
  #lastNumber = 0;

  constructor(seed = 1) {
    this.random = new Prng(seed);
    const { environment } = this.world;
    for (const [at, { group, low, high }] of HALVES.entries()) {
      this.cursors.set(group, new IndexCursors());
      this.entries.set(group, new Map());
      const replicas = [{ replica: group, node: 'n', az: 'a' }];
      const base = { partitionId: at, group, generation: 1, epoch: 1, low, high, configuration: 1, replicas };
      for (const tableId of ['x', 'y']) this.#set(partitionKey(tableId, at), { ...base, tableId } satisfies PartitionRecord);
    }
    const table = { account: '1', region: 'r', name: 'T', tableId: 'table', keys: KEYS, createdAtMs: 1, generation: 1 };
    this.#set(tableKey('1', 'r', 'T'), { ...table, billingMode: 'PAY_PER_REQUEST', status: 'ACTIVE' } satisfies TableRecord);
    const senders = (): IndexSenders => {
      const { wal } = this.world;
      const execute = (partition: PartitionRecord, _key: Uint8Array, operation: ApplyChangesOperation): Promise<StorageResponse> =>
        this.#execute(partition, operation);
      const handOver = (_group: Group, to: ReplicaId): void => void this.handedOverTo.push(to);
      return new IndexSenders({
        environment,
        wal,
        view: () => this.view,
        execute,
        logBytesMax: LOG_BYTES_MAX,
        rebuildAfterMs: REBUILD_AFTER_MS,
        handOver,
      });
    };
    this.#makeSenders = senders;
  }

  readonly #makeSenders: () => IndexSenders;

  #set(key: string, record: CatalogRecord): void {
    this.view.apply(this.view.slot + 1, [{ key, value: serializeRecord(record) }], (malformed) => assert.fail(malformed));
  }

  async create(): Promise<void> {
    const members = IDENTITY.members.filter(({ replica }) => replica === IDENTITY.replica);
    await this.world.create({ ...IDENTITY, members });
    await this.lead();
  }

  /** Until the replica leads and serves. */
  async lead(): Promise<void> {
    this.world.indexes?.stop();
    this.world.indexes = this.#makeSenders();
    do await this.pass(50);
    while (!this.world.group.paxos.serves);
  }

  /** Time passes, with the ticks of a node. */
  async pass(forMs: number): Promise<void> {
    const { timers } = this.world;
    for (const untilMs = timers.monotonicMs() + forMs; timers.monotonicMs() < untilMs; ) {
      await timers.advance(10);
      this.world.group.tick(timers.monotonicMs());
      this.world.indexes?.tick([this.world.group]);
      await timers.settle();
    }
  }

  async tell(settings: PartitionSettings): Promise<void> {
    const answers: Answer[] = [];
    this.world.group.changeSettings(settings, this.world.timers.monotonicMs() + 5000, (answer) => void answers.push(answer));
    await this.world.timers.settle();
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['ok'],
    );
  }

  /** Proposes a write; what it comes to may be known later. */
  write(name: string, a: AttributeValue | undefined, more: AttributeMap = {}): Answer[] {
    if (a === undefined && this.random.chance(0.5)) return this.#write({ kind: 'delete', ...this.#common(name) });
    return this.put(name, { ...(a === undefined ? {} : { a }), ...more, x: { S: 'x'.repeat(100) } });
  }

  /** Proposes a put of an item with these attributes beside its key. */
  put(name: string, attributes: AttributeMap): Answer[] {
    const item: AttributeMap = { p: { S: name }, ...attributes };
    return this.#write({ kind: 'put', ...this.#common(name), item: serializeItem(item), itemSize: itemSize(item) });
  }

  #common(name: string) {
    return { key: keyOf(name), number: ++this.#lastNumber, returnOld: false, returnOldOnFailure: false };
  }

  #write(operation: WriteOperation & { readonly number: number }): Answer[] {
    const answers: Answer[] = [];
    this.world.group.write(operation, { life: 1, number: operation.number }, this.world.timers.monotonicMs() + 5000, (answer) => {
      answers.push(answer);
    });
    return answers;
  }

  /** What the indexes of this id hold on their partitions; both of the ids share partitions here. */
  held(): Map<string, AttributeMap> {
    return new Map([...this.entries.values()].flatMap((entries) => [...entries]).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What they must hold, computed from the items in the tree. */
  async expected(): Promise<Map<string, AttributeMap>> {
    const expected = new Map<string, AttributeMap>();
    const { tree } = this.world.group;
    let low: Uint8Array | undefined = Buffer.alloc(0);
    while (low !== undefined) {
      const step: ReturnType<typeof tree.scan> = tree.scan(low, undefined, false, (key, value) => {
        const item = parseItem(decodeStoredValue(value, key, nodeDigest).json);
        const entry = globalIndexKey(INDEX_KEYS, item, key, nodeDigest);
        const { p, a } = item;
        if (entry !== undefined && p !== undefined && a !== undefined) expected.set(entry.toString('hex'), { p, a });
        return true;
      });
      low = step.next;
      await this.world.timers.settle();
      await step.wait;
    }
    return new Map([...expected].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async #execute({ group }: PartitionRecord, operation: ApplyChangesOperation): Promise<StorageResponse> {
    this.sent.push(operation);
    const fate = this.fate();
    await this.world.timers.sleep(this.random.below(30));
    if (fate !== 'lost' && fate !== 'answered') this.#take(group, operation);
    if (fate === 'twice') {
      await this.world.timers.sleep(this.random.below(300));
      this.#take(group, operation);
    }
    if (fate === 'lost' || fate === 'answer-lost') return { id: 0, status: 'unavailable' };
    const slot = this.cursors.get(group)?.of(operation.source);
    return slot === undefined ? { id: 0, status: 'ok' } : { id: 0, status: 'ok', slot };
  }

  #take(group: number, operation: ApplyChangesOperation): void {
    const cursors = this.cursors.get(group) as IndexCursors;
    if (!cursors.advance(operation)) return;
    const entries = this.entries.get(group) as Map<string, AttributeMap>;
    for (const { key, value } of operation.changes) {
      const name = Buffer.from(key).toString('hex');
      assert.equal(group === 50, name < '8', 'an entry that belongs to the other partition');
      if (value === undefined) entries.delete(name);
      else entries.set(name, parseItem(decodeStoredValue(value, key, nodeDigest).json));
    }
  }

  /** Where the index partitions are with this partition. */
  get positions(): (Slot | undefined)[] {
    return [...this.cursors.values()].map((cursors) => cursors.of(IDENTITY.group));
  }
}

function someValue(world: FedIndexWorld): AttributeValue | undefined {
  // Also values of another type, and empty ones: those are in no index.
  return world.random.pick<AttributeValue | undefined>([{ S: 'a' }, { S: 'b' }, { S: 'c' }, { N: '1' }, { S: '' }, undefined, undefined]);
}

/** Writes items of NAMES, with values of all kinds. */
export function writeSome(world: FedIndexWorld, count: number): void {
  for (let left = count; left > 0; left--) world.write(world.random.pick(NAMES), someValue(world));
}

/** The index partitions take everything from now on; returns when nothing is left. */
export async function untilDelivered(world: FedIndexWorld): Promise<void> {
  const { group } = world.world;
  world.fate = () => 'taken';
  for (let rounds = 0; ; rounds++) {
    assert.ok(rounds < 300, 'the index never has everything');
    await world.pass(100);
    const [progress] = world.world.indexes?.progress(group) ?? [];
    const [sender] = [...(world.world.indexes?.all() ?? [])];
    if (progress?.backfilled && progress.delivered && sender?.sender.lagMs() === 0 && sender.sender.waitingBytes === 0) return;
  }
}
