import { must } from '../base/assert.ts';
import { getAttribute } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import type { DocumentPath } from './document-path.ts';
import { invalidExpression } from './errors.ts';
import type { ExpressionField } from './errors.ts';
import type { ExpressionProgram } from './expression-program.ts';
import type { Operand, PathSyntax, ValueOperand } from './syntax-tree.ts';

/** ExpressionAttributeNames: placeholder with its `#` -> attribute name. */
export type AttributeNames = Readonly<Record<string, string>>;

/** The paths and values of one expression as the placeholders of one request make them, filled in the order of the checks. */
export interface Binding {
  readonly field: ExpressionField;
  readonly paths: DocumentPath[];
  readonly values: AttributeValue[];
  /** Bounds of BETWEEN that were compared: two long values are compared once, however often the text names them. */
  readonly bounds: Set<string>;
}

export function newBinding(program: ExpressionProgram): Binding {
  return { field: program.field, paths: new Array(program.paths.length), values: new Array(program.values.length), bounds: new Set() };
}

/** Resolves the `#names` of a path. */
export function bindPath(binding: Binding, path: PathSyntax, names: AttributeNames | undefined): void {
  binding.paths[path.slot] = path.fixed ?? resolvePath(binding.field, path, names);
}

/** Resolves a `:value`. */
export function bindValue(binding: Binding, slot: number, placeholder: string, values: AttributeMap | undefined): void {
  const value = values === undefined ? undefined : getAttribute(values, placeholder);
  if (value === undefined) {
    throw invalidExpression(
      binding.field,
      `An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
    );
  }
  binding.values[slot] = value;
}

/** Resolves all names and values of an operand in the order of the text. */
export function bindOperand(binding: Binding, operand: Operand, names: AttributeNames | undefined, values: AttributeMap | undefined): void {
  if (operand.kind === 'path') {
    bindPath(binding, operand.path, names);
  } else if (operand.kind === 'value') {
    bindValue(binding, operand.slot, operand.placeholder, values);
  } else {
    for (const inner of operand.operands) bindOperand(binding, inner, names, values);
  }
}

export function boundPath(binding: { readonly paths: readonly DocumentPath[] }, path: PathSyntax): DocumentPath {
  return must(binding.paths[path.slot]);
}

export function boundValue(binding: { readonly values: readonly AttributeValue[] }, operand: ValueOperand): AttributeValue {
  return must(binding.values[operand.slot]);
}

function resolvePath(field: ExpressionField, path: PathSyntax, names: AttributeNames | undefined): DocumentPath {
  return path.elements.map((element) => {
    if (typeof element !== 'object') return element;
    // A placeholder begins with `#`, so it meets no property of Object.prototype.
    const name = names?.[element.placeholder];
    if (name === undefined) {
      throw invalidExpression(
        field,
        `An expression attribute name used in the document path is not defined; attribute name: ${element.placeholder}`,
      );
    }
    return name;
  });
}
