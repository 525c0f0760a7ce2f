import type { ReplicaId } from '../../shared/base/ids.ts';

/** What the members' state hashes at one mark say. */
export type Judgement =
  | { readonly kind: 'equal' }
  /** More than half agree on `hash`; these replicas have another. */
  | { readonly kind: 'minority'; readonly hash: string; readonly minority: readonly ReplicaId[] }
  /** No hash is that of more than half. */
  | { readonly kind: 'no-majority' };

/** Judges the hashes of all members at the same mark. */
export function judge(hashes: ReadonlyMap<ReplicaId, string>): Judgement {
  const counts = new Map<string, number>();
  for (const hash of hashes.values()) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  if (counts.size <= 1) return { kind: 'equal' };
  for (const [hash, count] of counts) {
    if (count * 2 <= hashes.size) continue;
    const minority = [...hashes].filter(([, other]) => other !== hash).map(([replica]) => replica);
    return { kind: 'minority', hash, minority };
  }
  return { kind: 'no-majority' };
}
