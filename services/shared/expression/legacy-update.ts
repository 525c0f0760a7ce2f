import { must, unreachable } from '../base/assert.ts';
import type { AttributeValue } from '../item/attribute-value.ts';
import type { PlaceholderWriter } from './placeholder-writer.ts';

/** The older parameter AttributeUpdates, written as an update expression ("AttributeUpdates" of the Developer Guide). */

/** What is to happen to one attribute of the item itself; without a value only DELETE. */
export interface LegacyUpdate {
  readonly name: string;
  readonly action: 'PUT' | 'ADD' | 'DELETE';
  /** Canonical. */
  readonly value: AttributeValue | undefined;
}

/** The expression that says the same; there must be an update. */
export function writeLegacyUpdate(updates: readonly LegacyUpdate[], writer: PlaceholderWriter): string {
  const sections = { SET: [] as string[], REMOVE: [] as string[], ADD: [] as string[], DELETE: [] as string[] };
  for (const { name, action, value } of updates) {
    const attribute = writer.name(name);
    switch (action) {
      case 'PUT':
        sections.SET.push(`${attribute}=${writer.value(must(value))}`);
        break;
      case 'ADD':
        if ('L' in must(value)) sections.SET.push(`${attribute}=${appended(attribute, must(value), writer)}`);
        else sections.ADD.push(`${attribute} ${writer.value(must(value))}`);
        break;
      case 'DELETE':
        if (value === undefined) sections.REMOVE.push(attribute);
        else sections.DELETE.push(`${attribute} ${writer.value(value)}`);
        break;
      default:
        unreachable(action);
    }
  }
  return Object.entries(sections)
    .filter(([, actions]) => actions.length > 0)
    .map(([section, actions]) => `${section} ${actions.join(',')}`)
    .join(' ');
}

/** Lists take ADD here, though not in an expression. */
function appended(attribute: string, list: AttributeValue, writer: PlaceholderWriter): string {
  const present = `if_not_exists(${attribute},${writer.value({ L: [] })})`;
  return `list_append(${present},${writer.value(list)})`;
}
