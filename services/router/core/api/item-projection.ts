import { bindProjection, project } from '../../../shared/expression/projection.ts';
import type { BoundProjection } from '../../../shared/expression/projection.ts';
import type { AttributeNames } from '../../../shared/expression/binding.ts';
import { parseItem, serializeItem } from '../../../shared/item/attribute-map.ts';
import { INLINE_PROJECTED_BYTES_MAX, PROJECTED_PORTION_BYTES } from '../../../shared/limits/api-limits.ts';
import type { ExpressionCache } from './expression-cache.ts';
import type { JsonObject } from './json-object.ts';
import { readAttributesToGet } from './legacy/attributes-to-get.ts';
import { checkAllUsed, pickPlaceholders, readPlaceholders } from './placeholders.ts';
import type { Placeholders } from './placeholders.ts';
import type { RequestContext } from './request-context.ts';

/** A request's ProjectionExpression, bound, and as it was sent. */
export interface ItemProjection {
  readonly bound: BoundProjection;
  readonly text: string;
  readonly names: AttributeNames | undefined;
}

/** The parsed and bound projection, if the request has one. Throws ExpressionError. */
export function readProjection(input: JsonObject, { names }: Placeholders, cache: ExpressionCache): ItemProjection | undefined {
  const text = input.ProjectionExpression as string | null | undefined;
  if (text === undefined || text === null) return undefined;
  const bound = bindProjection(cache.projection(text), names);
  return { bound, text, names: pickPlaceholders(names, bound.program.usedNames) };
}

/** What AttributesToGet asks for, as a projection; undefined when the request has none. Throws ValidationException. */
export function readLegacyProjection(input: JsonObject, cache: ExpressionCache): ItemProjection | undefined {
  const written = readAttributesToGet(input);
  if (written === undefined) return undefined;
  const { text, names } = written;
  return { bound: bindProjection(cache.projection(text), names), text, names };
}

/**
 * The projection of GetItem, or of one table of BatchGetItem, in either form; there are no other expressions. Throws
 * ValidationException or ExpressionError.
 */
export function readItemProjection(input: JsonObject, cache: ExpressionCache): ItemProjection | undefined {
  const legacy = readLegacyProjection(input, cache);
  if (legacy !== undefined) return legacy;
  // ExpressionAttributeValues is no member of these requests.
  const placeholders = readPlaceholders({ ExpressionAttributeNames: input.ExpressionAttributeNames });
  const projection = readProjection(input, placeholders, cache);
  checkAllUsed(projection === undefined ? [] : [projection.bound.program], placeholders);
  return projection;
}

/** The part of stored item bytes that the projection asks for, as bytes again. */
export function projectBytes(projection: BoundProjection, item: Uint8Array): Buffer {
  return serializeItem(project(projection, parseItem(item)));
}

/**
 * The parts of items, given as stored bytes, that the projection asks for, in the same order. Many bytes are not parsed here but in
 * the thread beside the loop, where there is one, a portion at a time. Rejects with ApiError when that takes no more.
 */
export async function projectItems(
  { bound, text, names }: ItemProjection,
  items: readonly Uint8Array[],
  context: RequestContext,
): Promise<readonly Uint8Array[]> {
  const { large } = context.services;
  if (large === undefined || bytesOf(items) <= INLINE_PROJECTED_BYTES_MAX) return items.map((item) => projectBytes(bound, item));
  const projected: Uint8Array[] = [];
  let portion: Uint8Array[] = [];
  let bytes = 0;
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Uint8Array;
    portion.push(item);
    bytes += item.length;
    if (bytes < PROJECTED_PORTION_BYTES && at + 1 < items.length) continue;
    for (const part of await large.project(text, names, portion, context.deadlineAtMs)) projected.push(part);
    portion = [];
    bytes = 0;
  }
  return projected;
}

function bytesOf(items: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const item of items) bytes += item.length;
  return bytes;
}
