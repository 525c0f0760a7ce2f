import type { ReplicaId } from '../../shared/base/ids.ts';

/** What the members' state hashes at one mark say. */
export type Judgement =
  | { readonly kind: 'equal' }
  /** More than half agree on `hash`, and they are more than half of the witnesses; these replicas have another. */
  | { readonly kind: 'minority'; readonly hash: string; readonly minority: readonly ReplicaId[] }
  /** No hash is that of more than half. */
  | { readonly kind: 'no-majority' };

/** Which replica the copy of each came from, for those that came from another one and were not found equal to all since. */
export type Origins = ReadonlyMap<ReplicaId, ReplicaId>;

/**
 * A name of the witness that the replica's copy is. A copy and the one that it came from have the same mistakes, and so the same
 * name; the name is some replica's, of this group or of one that has left it.
 */
export function witness(replica: ReplicaId, origins: Origins): ReplicaId {
  const joined = new Set([replica]);
  // Chains and forks: whatever came from one of these, or one of these came from. Three members have at most three origins.
  for (let before = 0; before < joined.size; ) {
    before = joined.size;
    for (const [copy, origin] of origins) {
      if (!joined.has(copy) && !joined.has(origin)) continue;
      joined.add(copy).add(origin);
    }
  }
  return Math.min(...joined);
}

/** Judges the hashes of all members at the same mark. */
export function judge(hashes: ReadonlyMap<ReplicaId, string>, origins: Origins): Judgement {
  const counts = new Map<string, number>();
  for (const hash of hashes.values()) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  if (counts.size <= 1) return { kind: 'equal' };
  for (const [hash, count] of counts) {
    if (count * 2 <= hashes.size) continue;
    const minority = [...hashes].filter(([, other]) => other !== hash).map(([replica]) => replica);
    const majority = [...hashes.keys()].filter((replica) => !minority.includes(replica));
    // A copy and its origin against the third are one word against another.
    if (witnesses(majority, origins) * 2 <= witnesses([...hashes.keys()], origins)) continue;
    return { kind: 'minority', hash, minority };
  }
  return { kind: 'no-majority' };
}

function witnesses(replicas: readonly ReplicaId[], origins: Origins): number {
  return new Set(replicas.map((replica) => witness(replica, origins))).size;
}
