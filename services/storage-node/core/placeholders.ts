import { parseItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';

/** Expression attribute names as a router sent them: a JSON object of strings. */
export function parseNames(names: Uint8Array | undefined): Readonly<Record<string, string>> | undefined {
  return names === undefined ? undefined : (JSON.parse(Buffer.from(names).toString('utf8')) as Readonly<Record<string, string>>);
}

/** Expression attribute values as a router sent them: a JSON object of canonical attribute values. */
export function parseValues(values: Uint8Array | undefined): AttributeMap | undefined {
  return values === undefined ? undefined : parseItem(values);
}
