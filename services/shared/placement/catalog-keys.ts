import type { NodeId } from '../base/ids.ts';

/**
 * Keys of catalog records. Accounts, regions, table names, table ids and node ids never contain a slash (the router and
 * `stator init` check their alphabets), so the parts of a key are its pieces between slashes.
 */
export type CatalogKey =
  | { readonly kind: 'table'; readonly account: string; readonly region: string; readonly name: string }
  | { readonly kind: 'partition'; readonly tableId: string; readonly partitionId: number }
  | { readonly kind: 'node'; readonly node: NodeId }
  | { readonly kind: 'credential'; readonly accessKeyId: string }
  | { readonly kind: 'counters' }
  | { readonly kind: 'auto-admin-lease' };

export const COUNTERS_KEY = 'counters';
export const AUTO_ADMIN_LEASE_KEY = 'auto-admin-lease';

export function tableKey(account: string, region: string, name: string): string {
  return `table/${account}/${region}/${name}`;
}

export function partitionKey(tableId: string, partitionId: number): string {
  return `partition/${tableId}/${partitionId}`;
}

export function nodeKey(node: NodeId): string {
  return `node/${node}`;
}

export function credentialKey(accessKeyId: string): string {
  return `credential/${accessKeyId}`;
}

/** What a key names; undefined for a key of a kind that this version does not know. */
export function parseCatalogKey(key: string): CatalogKey | undefined {
  const parts = key.split('/');
  const [kind, first = '', second = '', third = ''] = parts;
  if (parts.some((part) => part === '')) return undefined;
  if (parts.length === 1 && kind === COUNTERS_KEY) return { kind: 'counters' };
  if (parts.length === 1 && kind === AUTO_ADMIN_LEASE_KEY) return { kind: 'auto-admin-lease' };
  if (parts.length === 2 && kind === 'node') return { kind, node: first };
  if (parts.length === 2 && kind === 'credential') return { kind, accessKeyId: first };
  if (parts.length === 4 && kind === 'table') return { kind, account: first, region: second, name: third };
  if (parts.length === 3 && kind === 'partition' && /^(0|[1-9][0-9]{0,9})$/.test(second)) {
    return { kind, tableId: first, partitionId: Number(second) };
  }
  return undefined;
}
