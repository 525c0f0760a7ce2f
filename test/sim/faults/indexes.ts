import type { GroupId } from '../../../services/shared/base/ids.ts';
import type { Group } from '../../../services/storage-node/groups/group.ts';
import type { SimCluster } from '../cluster.ts';
import type { SimMachine } from '../machine.ts';
import { drawMs, type Fault } from './fault.ts';
import { once } from './once.ts';

/** Processes that were started anew meanwhile are found within this time. */
const AGAIN_MS = 100;
/** A replica is moved so often while an index is silent. */
const MOVE_MS = 2500;

/**
 * The partitions of an index take nothing that is sent to them, as if they had no room or no quorum, while those of its table have
 * both. Ends by calling what is returned.
 */
export function silence(cluster: SimCluster, indexId: string): () => void {
  const silent = new Set<Group>();
  let ended = false;
  const again = (): void => {
    if (ended) return;
    for (const node of cluster.nodes) {
      for (const group of cluster.groupsOf(node)) {
        if (group.identity.tableId !== indexId || silent.has(group)) continue;
        silent.add(group);
        group.takeChanges = (_operation, _deadlineMs, respond) => respond({ status: 'not-ready', message: 'silenced' });
      }
    }
    cluster.kernel.after(AGAIN_MS, again);
  };
  again();
  return once(() => {
    ended = true;
    // What its class has is seen again.
    for (const group of silent) Reflect.deleteProperty(group, 'takeChanges');
  });
}

/** Leaders of partitions that feed global indexes. */
function feeders(cluster: SimCluster): { readonly node: SimMachine; readonly group: Group }[] {
  const found: { node: SimMachine; group: Group }[] = [];
  for (const node of cluster.nodes) {
    for (const group of cluster.groupsOf(node)) if (group.paxos.serves && group.state.indexFeeds.size > 0) found.push({ node, group });
  }
  return found;
}

/** Gives the place of the member with the least id, which is the oldest, to a new replica on a node that has none. */
export async function renewOldest(cluster: SimCluster, id: GroupId): Promise<void> {
  const led = feeders(cluster).find(({ group }) => group.id === id);
  if (led === undefined) return;
  const { configuration, members } = led.group.identity;
  const free = cluster.nodes.find(({ name }) => members.every((member) => member.node !== name));
  const [out] = [...members].sort((a, b) => a.replica - b.replica);
  if (free === undefined || out === undefined) return;
  const into = { replica: 0, node: free.name, az: out.az, logOnly: false };
  await cluster.call(led.node, { kind: 'swap-replica', group: id, configuration, out: out.replica, into });
}

function silentIndex(kind: string, leastMs: number, mostMs: number, renews: boolean): Fault {
  return {
    kind,
    begin({ cluster, random }) {
      const fed = feeders(cluster);
      if (fed.length === 0) return undefined;
      const { group } = random.pick(fed);
      const indexes = group.state.settings?.globalIndexes ?? [];
      if (indexes.length === 0) return undefined;
      const { indexId, name } = random.pick(indexes);
      const durationMs = drawMs(random, leastMs, mostMs);
      const end = silence(cluster, indexId);
      for (let atMs = MOVE_MS; renews && atMs < durationMs; atMs += MOVE_MS) {
        cluster.kernel.after(atMs, () => void renewOldest(cluster, group.id).catch(() => undefined));
      }
      return { what: `${name}, ${renews ? `while all copies of group ${group.id} change` : 'only'}`, durationMs, end };
    },
  };
}

/** An index takes nothing for a while. */
export const silenceIndex = silentIndex('index-silent', 1000, 30_000, false);
/** The same, while every copy of a partition of its table gives its place to one that comes by a snapshot, or from what log there is. */
export const loseIndexLog = silentIndex('index-log-lost', 12_000, 25_000, true);
