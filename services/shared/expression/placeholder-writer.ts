import { setAttribute } from '../item/attribute-map.ts';
import type { MutableAttributeMap } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { LEGACY_PLACEHOLDERS_MAX } from '../limits/expression-limits.ts';
import type { AttributeNames } from './binding.ts';
import { ExpressionError } from './errors.ts';

/**
 * Gives out placeholders for names and values while an expression is written. They are numbered, so that requests of one shape
 * have one text, which is compiled once. Throws ExpressionError for more than LEGACY_PLACEHOLDERS_MAX.
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
    this.#checkRoom();
    const placeholder = `#${this.#nameCount++}`;
    this.#names[placeholder] = attribute;
    return placeholder;
  }

  /** A placeholder for a canonical value. */
  value(value: AttributeValue): string {
    this.#checkRoom();
    const placeholder = `:${this.#valueCount++}`;
    setAttribute(this.#values, placeholder, value);
    return placeholder;
  }

  #checkRoom(): void {
    if (this.#nameCount + this.#valueCount < LEGACY_PLACEHOLDERS_MAX) return;
    throw new ExpressionError(`The request names more than ${LEGACY_PLACEHOLDERS_MAX} attributes and values in its conditions and updates`);
  }
}
