import { LOCAL_SPACE_LOW } from '../../../services/shared/item/local-space.ts';
import { storedItemJson } from '../../../services/shared/item/stored-value.ts';
import { readExpiryEntry } from '../../../services/shared/item/expiry.ts';
import { isDerived, isDropped } from '../../../services/storage-node/core/expiry-progress.ts';
import type { Group } from '../../../services/storage-node/groups/group.ts';
import type { SimCluster } from '../cluster.ts';

/** Every replica of a table has the entries that follow from its items, and no others; what is wrong, if anything. */
export async function problemOfEntries(cluster: SimCluster, tableId: string, attribute: string | undefined): Promise<string | undefined> {
  for (const node of cluster.nodes) {
    for (const group of cluster.groupsOf(node)) {
      if (group.identity.tableId !== tableId) continue;
      const problem = await problemOfGroup(group, attribute);
      if (problem !== undefined) return `group ${group.id} on ${node.name}: ${problem}`;
    }
  }
  return undefined;
}

async function problemOfGroup(group: Group, attribute: string | undefined): Promise<string | undefined> {
  const { expiry, settings } = group.state;
  if (settings?.ttlAttribute !== attribute) return `items expire by ${settings?.ttlAttribute}, and not by ${attribute}`;
  if (expiry === undefined) return undefined;
  if (!isDerived(expiry) || !isDropped(expiry)) return 'entries are not done yet';
  const expected = new Set<string>();
  const found = new Set<string>();
  let low: Uint8Array | undefined = new Uint8Array(0);
  while (low !== undefined) {
    const { next, wait } = group.tree.scan(low, undefined, false, (key, value) => {
      if (Buffer.compare(key, LOCAL_SPACE_LOW) < 0) expect(Buffer.from(key), storedItemJson(value));
      else found.add(entryText(key));
      return true;
    });
    low = next;
    await wait;
  }
  const missing = [...expected].find((entry) => !found.has(entry));
  const surplus = [...found].find((entry) => !expected.has(entry));
  return missing === undefined && surplus === undefined ? undefined : `entry ${missing} is missing, ${surplus} should not be there`;

  function expect(key: Buffer, json: Buffer): void {
    const item = JSON.parse(json.toString()) as Record<string, { readonly N?: string }>;
    const time = attribute === undefined ? undefined : item[attribute]?.N;
    if (time !== undefined && /^\d+$/.test(time)) expected.add(`${expiry?.generation} ${time} ${key.toString('hex')}`);
  }
}

function entryText(key: Uint8Array): string {
  const { generation, seconds, itemKey } = readExpiryEntry(key);
  return `${generation} ${seconds} ${itemKey.toString('hex')}`;
}
