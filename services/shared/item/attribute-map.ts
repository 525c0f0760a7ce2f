import { AssertionError } from '../base/assert.ts';
import { asBuffer } from '../base/bytes.ts';
import type { AttributeMap, AttributeType, AttributeValue } from './attribute-value.ts';

/**
 * The only way to read and write attribute maps. Names come from clients: `__proto__`, `constructor` or `toString` are
 * ordinary names, so only own properties count, and `__proto__` is never written through its setter.
 */

/** An attribute map that its owner may still change, through `setAttribute` and `deleteAttribute`. */
export type MutableAttributeMap = Record<string, AttributeValue>;

/** The value of the attribute; undefined when the map has none of that name. */
export function getAttribute(map: AttributeMap, name: string): AttributeValue | undefined {
  const value = map[name];
  return value !== undefined && Object.hasOwn(map, name) ? value : undefined;
}

export function hasAttribute(map: AttributeMap, name: string): boolean {
  return Object.hasOwn(map, name);
}

/** Adds the attribute or replaces its value. */
export function setAttribute(target: MutableAttributeMap, name: string, value: AttributeValue): void {
  if (name !== '__proto__') {
    target[name] = value;
    return;
  }
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Removes the attribute; a map that has none of that name stays as it is. */
export function deleteAttribute(target: MutableAttributeMap, name: string): void {
  delete target[name];
}

/** A copy of the map itself; the values are shared, for they never change. */
export function copyAttributeMap(map: AttributeMap): MutableAttributeMap {
  return { ...map };
}

/** Names in the order in which the map would be printed. */
export function attributeNames(map: AttributeMap): string[] {
  return Object.keys(map);
}

/** The type of a canonical value, which has exactly one member. */
export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) return type as AttributeType;
  throw new AssertionError('an attribute value without a type');
}

/** Reads bytes that `serializeItem` wrote: only our own canonical bytes, never a request body. */
export function parseItem(bytes: Uint8Array): AttributeMap {
  return JSON.parse(asBuffer(bytes).toString('utf8')) as AttributeMap;
}

/** The canonical bytes of a canonical item: JSON in UTF-8. */
export function serializeItem(map: AttributeMap): Buffer {
  return Buffer.from(JSON.stringify(map), 'utf8');
}
