import { localIndexKey } from '../../../services/shared/item/index-key.ts';
import { LOCAL_SPACE_LOW, localKey } from '../../../services/shared/item/local-space.ts';
import { storedItemJson, storedSlot } from '../../../services/shared/item/stored-value.ts';
import type { PartitionSettings } from '../../../services/shared/placement/partition-settings.ts';
import type { Group } from '../../../services/storage-node/groups/group.ts';
import type { SimCluster } from '../cluster.ts';

type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What an index holds of an item; undefined: nothing. */
type EntryOf = (index: string, item: Item) => Item | undefined;

/** What a tree holds in its place: the item, and the slot that wrote it. */
interface Held {
  readonly item: Item;
  readonly slot: number;
}

/** In the local indexes of every replica of a table stands what follows from the replica's items; what is wrong, if anything. */
export async function problemOfLocalEntries(cluster: SimCluster, tableId: string, entryOf: EntryOf): Promise<string | undefined> {
  let replicas = 0;
  let entries = 0;
  for (const node of cluster.nodes) {
    for (const group of cluster.groupsOf(node)) {
      if (group.identity.tableId !== tableId || group.keepsLogOnly || !group.paxos.isMember) continue;
      const { settings } = group.state;
      if (settings === undefined) return `group ${group.id} on ${node.name} has no settings`;
      const { items, derived } = await read(group);
      const expected = expectedEntries(items, settings, entryOf);
      const problem = difference(expected, derived);
      if (problem !== undefined) return `group ${group.id} on ${node.name}: ${problem}`;
      replicas += 1;
      entries += derived.size;
    }
  }
  return replicas > 0 && entries > 0 ? undefined : `${replicas} replicas with ${entries} entries: nothing was compared`;
}

/** All that is in a tree, by keys in hexadecimal. */
async function read({ tree }: Group): Promise<{ readonly items: Map<string, Held>; readonly derived: Map<string, Held> }> {
  const items = new Map<string, Held>();
  const derived = new Map<string, Held>();
  let low: Uint8Array | undefined = new Uint8Array(0);
  while (low !== undefined) {
    const { next, wait }: { next: Uint8Array | undefined; wait?: Promise<void> } = tree.scan(low, undefined, false, (key, value) => {
      const held = { item: JSON.parse(storedItemJson(value).toString()) as Item, slot: storedSlot(value) };
      (Buffer.compare(key, LOCAL_SPACE_LOW) < 0 ? items : derived).set(Buffer.from(key).toString('hex'), held);
      return true;
    });
    low = next;
    await wait;
  }
  return { items, derived };
}

function expectedEntries(items: ReadonlyMap<string, Held>, { keys, localIndexes }: PartitionSettings, entryOf: EntryOf): Map<string, Held> {
  const expected = new Map<string, Held>();
  for (const [key, { item, slot }] of items) {
    for (const { name, number, sort } of localIndexes) {
      const entry = entryOf(name, item);
      const indexKey = entry && localIndexKey(keys, sort, item as Parameters<typeof localIndexKey>[2], Buffer.from(key, 'hex'));
      if (entry !== undefined && indexKey !== undefined) expected.set(localKey(number, indexKey).toString('hex'), { item: entry, slot });
    }
  }
  return expected;
}

function difference(expected: ReadonlyMap<string, Held>, found: ReadonlyMap<string, Held>): string | undefined {
  for (const [key, held] of expected) {
    const other = found.get(key);
    if (other === undefined) return `no entry ${key} for ${textOf(held)}`;
    if (textOf(other) !== textOf(held)) return `entry ${key} is ${textOf(other)}, not ${textOf(held)}`;
  }
  const surplus = [...found.keys()].find((key) => !expected.has(key));
  return surplus === undefined ? undefined : `entry ${surplus} follows from no item`;
}

function textOf({ item, slot }: Held): string {
  return `${JSON.stringify(Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))))} of slot ${slot}`;
}
