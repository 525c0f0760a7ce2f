import { setAttribute } from '../item/attribute-map.ts';
import type { MutableAttributeMap } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import type { AttributeNames } from './binding.ts';

/**
 * Gives out placeholders for names and values while an expression is written. They are numbered, so that requests of one shape
 * have one text, which is compiled once.
 */
export class PlaceholderWriter {
  readonly #names: Record<string, string> = {};
  readonly #values: MutableAttributeMap = {};
  #nameCount = 0;
  #valueCount = 0;

  get names(): AttributeNames | undefined {
    return this.#nameCount === 0 ? undefined : this.#names;
  }

  get values(): AttributeMap | undefined {
    return this.#valueCount === 0 ? undefined : this.#values;
  }

  /** A placeholder for the name of an attribute. */
  name(attribute: string): string {
    const placeholder = `#${this.#nameCount++}`;
    this.#names[placeholder] = attribute;
    return placeholder;
  }

  /** A placeholder for a canonical value. */
  value(value: AttributeValue): string {
    const placeholder = `:${this.#valueCount++}`;
    setAttribute(this.#values, placeholder, value);
    return placeholder;
  }
}
