import { must } from '../../../shared/base/assert.ts';
import { successor } from '../../../shared/base/bytes.ts';
import { PAGE_BYTES_MAX, READ_BYTES_HELD_MAX } from '../../../shared/limits/api-limits.ts';
import type { RangeOperation } from '../../../shared/wire/storage-operations.ts';
import { joinParts } from './answer.ts';
import { capacityMember, readUnits } from './capacity.ts';
import { projectItems } from './item-projection.ts';
import type { PageFields } from './page-fields.ts';
import type { ReadSource } from './read-source.ts';
import type { RequestContext } from './request-context.ts';
import { selectFrom } from './selection.ts';
import type { Selection } from './selection.ts';
import { decodeLastKey } from './source-key.ts';
import { storageFailure } from './storage-outcome.ts';

/** Whole keys from `low`, included, to `high`, excluded; no `high`: to the end of the table. */
export interface PageRange {
  readonly low: Uint8Array;
  readonly high: Uint8Array | undefined;
  readonly reverse: boolean;
}

/** What one page found. */
interface Page {
  readonly items: Uint8Array[];
  count: number;
  scanned: number;
  bytes: number;
  /** Of items fetched from the table, as strong reads. */
  fetchedUnits: number;
  fetchedBytes: number;
  lastKey: Uint8Array | undefined;
  /** Something may follow lastKey. */
  more: boolean;
}

/** Reads one page of Query or Scan and prints the answer. Throws ValidationException for what cannot be selected from an index. */
export async function answerPage(
  source: ReadSource,
  tableName: string,
  range: PageRange,
  fields: PageFields,
  context: RequestContext,
): Promise<Buffer> {
  const page = await readPage(source, selectFrom(source, fields), range, fields, context);
  const parts: (string | Uint8Array)[] = [`{"Count":${page.count},"ScannedCount":${page.scanned}`];
  if (!fields.countOnly) {
    const { projection } = fields;
    const items = projection === undefined ? page.items : await projectItems(projection, page.items, context);
    parts.push(',"Items":[');
    items.forEach((item, position) => {
      if (position > 0) parts.push(',');
      parts.push(item);
    });
    parts.push(']');
  }
  if (page.more) parts.push(`,"LastEvaluatedKey":${JSON.stringify(decodeLastKey(source, must(page.lastKey)))}`);
  if (fields.capacity !== 'NONE') parts.push(`,${readCapacity(source, page, tableName, fields)}`);
  parts.push('}');
  return joinParts(parts);
}

/** The units of an index, and those of the table for what was fetched from it. */
function readCapacity({ index }: ReadSource, page: Page, tableName: string, { capacity, consistent }: PageFields): string {
  const units = readUnits(page.bytes, consistent);
  if (index === undefined) return capacityMember(capacity, tableName, units);
  const own = new Map([[index.name, units]]);
  const [local, global] = index.kind === 'local' ? [own, NO_UNITS] : [NO_UNITS, own];
  return capacityMember(capacity, tableName, page.fetchedUnits * (consistent ? 1 : 0.5), { local, global });
}

const NO_UNITS: ReadonlyMap<string, number> = new Map();

/**
 * A page ends with the item that meets the limit of items or of bytes, before the filter, or with the range. The service does not
 * look behind the last item: a page that met a limit has a LastEvaluatedKey even where nothing follows.
 */
async function readPage(
  source: ReadSource,
  selection: Selection,
  range: PageRange,
  fields: PageFields,
  context: RequestContext,
): Promise<Page> {
  const page: Page = { items: [], count: 0, scanned: 0, bytes: 0, fetchedUnits: 0, fetchedBytes: 0, lastKey: undefined, more: true };
  const { room } = context.services;
  let held = 0;
  try {
    while (page.more && !isFull(page, fields.limit)) {
      // All requests together hold so much that this one must not wait with what it has.
      if (room.bytes > READ_BYTES_HELD_MAX && page.lastKey !== undefined) break;
      const found = await readSlice(source, { ...nextSlice(range, fields, page), ...selection }, page, context);
      if (found === undefined) break;
      held += found;
      room.bytes += found;
    }
  } finally {
    room.bytes -= held;
  }
  page.more ||= isFull(page, fields.limit);
  return page;
}

/** Adds the next slice to the page. Bytes of its items; undefined when nobody could read on, and the page is what there is. */
async function readSlice(
  { view, index }: ReadSource,
  operation: RangeOperation,
  page: Page,
  context: RequestContext,
): Promise<number | undefined> {
  const indexId = index?.kind === 'global' ? index.definition.indexId : undefined;
  const response = await context.services.storage.range(view, operation, context.timeLeftMs(), indexId);
  // What was read so far is a page as good as any; the client asks for the rest.
  if ((response.status === 'overloaded' || response.status === 'unavailable') && page.lastKey !== undefined) return undefined;
  if (response.status !== 'ok') throw storageFailure(response);
  const slice = must(response.range);
  for (const item of slice.items) page.items.push(item);
  page.count += slice.count;
  page.scanned += slice.scanned;
  page.bytes += slice.scannedBytes;
  page.fetchedUnits += slice.fetchedUnits ?? 0;
  page.fetchedBytes += slice.fetchedBytes ?? 0;
  page.more = slice.more;
  page.lastKey = slice.more ? must(slice.lastKey, 'a range slice that is to go on names its last key') : (slice.lastKey ?? page.lastKey);
  return slice.items.reduce((sum, { length }) => sum + length, 0);
}

function isFull(page: Page, limit: number): boolean {
  return bytesRead(page) >= PAGE_BYTES_MAX || (limit > 0 && page.scanned >= limit);
}

/** A page of items that were fetched from the table is no larger than one of the table itself. */
function bytesRead({ bytes, fetchedBytes }: Page): number {
  return Math.max(bytes, fetchedBytes);
}

function nextSlice({ low, high, reverse }: PageRange, fields: PageFields, page: Page): RangeOperation {
  const { lastKey } = page;
  const end = reverse && lastKey !== undefined ? lastKey : high;
  return {
    kind: 'range',
    low: !reverse && lastKey !== undefined ? successor(lastKey) : low,
    ...(end === undefined ? undefined : { high: end }),
    reverse,
    consistent: fields.consistent,
    limit: fields.limit === 0 ? 0 : fields.limit - page.scanned,
    byteLimit: PAGE_BYTES_MAX - bytesRead(page),
    countOnly: fields.countOnly,
    ...fields.operation,
  };
}
