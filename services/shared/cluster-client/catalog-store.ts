import type { Slot } from '../base/ids.ts';
import { equalBytes, utf8 } from '../base/bytes.ts';
import type { Digest } from '../env/digest.ts';
import { getAttribute, parseItem, serializeItem } from '../item/attribute-map.ts';
import type { AttributeMap, KeySchema } from '../item/attribute-value.ts';
import { itemSize } from '../item/item-size.ts';
import { encodeKey } from '../item/key-encoding.ts';
import { REQUEST_DEADLINE_MS } from '../limits/cluster-client-limits.ts';
import type { StorageResponse } from '../wire/storage-operations.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { GroupClient } from './group-client.ts';

/** The catalog's own key schema: items with `k` (the record's key), `v` (its JSON) and `g` (its generation). */
export const CATALOG_KEYS: KeySchema = { partition: { name: 'k', type: 'S' } };

/** The catalog group did not answer in time, or refused in a way that repeating may cure. */
export class CatalogUnavailableError extends Error {
  override readonly name = 'CatalogUnavailableError';
}

export interface CatalogItem {
  readonly json: Uint8Array;
  readonly generation: number;
  /** Of the write that made it. */
  readonly slot: Slot;
}

/** `conflict`: the record was not as expected, and nothing was written. `unknown`: it may have been written. */
export type CatalogWrite = { readonly outcome: 'written'; readonly slot: Slot } | { readonly outcome: 'conflict' | 'unknown' };

/** Reads and compare-and-sets of catalog records, at the leader of the catalog group. */
export class CatalogStore {
  readonly #groups: GroupClient;
  readonly #map: ClusterMap;
  readonly #digest: Digest;

  constructor(groups: GroupClient, map: ClusterMap, digest: Digest) {
    this.#groups = groups;
    this.#map = map;
    this.#digest = digest;
  }

  /** A strong read; undefined when there is no such record. Throws CatalogUnavailableError. */
  async read(key: string): Promise<CatalogItem | undefined> {
    const encoded = this.#encode(key);
    const response = await this.#groups.execute(
      this.#map.catalog,
      encoded,
      { kind: 'get', key: encoded, consistent: true },
      REQUEST_DEADLINE_MS,
    );
    if (response.status !== 'ok') throw unavailable(response);
    if (response.item === undefined) return undefined;
    const item = parseItem(response.item);
    return { json: utf8(text(item, 'v', 'S')), generation: Number(text(item, 'g', 'N')), slot: response.slot ?? 0 };
  }

  /**
   * Writes a record of the given generation over the one of generation `expected` (undefined: over none). Throws
   * CatalogUnavailableError when surely nothing was written.
   */
  async write(key: string, json: Uint8Array, generation: number, expected: number | undefined): Promise<CatalogWrite> {
    const encoded = this.#encode(key);
    const item = catalogItem(key, json, generation);
    const response = await this.#groups.execute(
      this.#map.catalog,
      encoded,
      {
        kind: 'put',
        key: encoded,
        item: serializeItem(item),
        itemSize: itemSize(item),
        returnOld: false,
        returnOldOnFailure: false,
        ...condition(expected),
      },
      REQUEST_DEADLINE_MS,
    );
    return writeOutcome(response);
  }

  /**
   * The same, settling an unknown outcome by reading the record back: `written` also when the very same record was found
   * there. Only for records that no two writers make alike, or where it does not matter which of them made it.
   */
  async writeSettled(key: string, json: Uint8Array, generation: number, expected: number | undefined): Promise<CatalogWrite> {
    const write = await this.write(key, json, generation, expected);
    if (write.outcome === 'written') return write;
    const found = await this.read(key);
    if (found !== undefined && found.generation === generation && equalBytes(found.json, json))
      return { outcome: 'written', slot: found.slot };
    return write;
  }

  /** Deletes the record of generation `expected`; `written` too when it is gone already. Throws CatalogUnavailableError. */
  async remove(key: string, expected: number): Promise<CatalogWrite> {
    const encoded = this.#encode(key);
    const response = await this.#groups.execute(
      this.#map.catalog,
      encoded,
      { kind: 'delete', key: encoded, returnOld: false, returnOldOnFailure: false, ...condition(expected) },
      REQUEST_DEADLINE_MS,
    );
    const write = writeOutcome(response);
    if (write.outcome === 'written') return write;
    return (await this.read(key)) === undefined ? { outcome: 'written', slot: 0 } : write;
  }

  #encode(key: string): Uint8Array {
    return encodeKey(CATALOG_KEYS, { k: { S: key } }, this.#digest);
  }
}

function catalogItem(key: string, json: Uint8Array, generation: number): AttributeMap {
  return { k: { S: key }, v: { S: Buffer.from(json).toString('utf8') }, g: { N: String(generation) } };
}

function condition(expected: number | undefined): { condition: string; values?: Uint8Array } {
  if (expected === undefined) return { condition: 'attribute_not_exists(k)' };
  return { condition: 'g = :g', values: serializeItem({ ':g': { N: String(expected) } }) };
}

function writeOutcome(response: StorageResponse): CatalogWrite {
  switch (response.status) {
    case 'ok':
      return { outcome: 'written', slot: response.slot ?? 0 };
    case 'condition-failed':
      return { outcome: 'conflict' };
    case 'unknown-outcome':
    case 'number-refused':
      return { outcome: 'unknown' };
    default:
      throw unavailable(response);
  }
}

function unavailable(response: StorageResponse): CatalogUnavailableError {
  return new CatalogUnavailableError(`the catalog answered ${response.status}: ${response.message ?? 'no reason given'}`);
}

function text(item: AttributeMap, name: string, type: 'S' | 'N'): string {
  const value = getAttribute(item, name) as Readonly<Record<string, unknown>> | undefined;
  const found = value?.[type];
  if (typeof found !== 'string') throw new CatalogUnavailableError(`a catalog item has no attribute ${name} of type ${type}`);
  return found;
}
