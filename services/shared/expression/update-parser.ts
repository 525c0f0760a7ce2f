import type { ExpressionField } from './errors.ts';
import type { ExpressionBounds } from './expression-bounds.ts';
import { ExpressionReader } from './expression-reader.ts';
import type { ExpressionDialect } from './expression-reader.ts';
import { CONDITION_FUNCTIONS, UPDATE_FUNCTIONS } from './functions.ts';
import type { PathSyntax, SetValue, UpdateAction } from './syntax-tree.ts';

const UPDATE_FIELD: ExpressionField = 'UpdateExpression';

const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;

type Section = (typeof SECTIONS)[number];

const UPDATE_DIALECT: ExpressionDialect = {
  keywords: new Set(SECTIONS),
  functions: UPDATE_FUNCTIONS,
  foreignFunctions: CONDITION_FUNCTIONS,
  operandFunctions: UPDATE_FUNCTIONS,
  described: 'an update expression',
  faultOrder: ['operators', 'parentheses', 'path', 'function-name', 'section'],
};

/** More parentheses than one pair around a sum and one around its operand are redundant; so many are refused at once. */
const MAX_PARENTHESIS_DEPTH = 8;

export interface UpdateSyntax {
  /** In the order of the text. */
  readonly actions: readonly UpdateAction[];
  readonly paths: readonly PathSyntax[];
  readonly values: readonly string[];
}

/** Throws ExpressionError for everything that can be wrong with the text alone. */
export function parseUpdateSyntax(text: string, bounds: ExpressionBounds): UpdateSyntax {
  return new UpdateParser(new ExpressionReader(text, UPDATE_FIELD, UPDATE_DIALECT, bounds)).parse();
}

class UpdateParser {
  readonly #reader: ExpressionReader;
  #parenthesisDepth = 0;
  /** The value that a pair of parentheses around nothing else than a value gave last. */
  #parenthesised: SetValue | undefined;

  constructor(reader: ExpressionReader) {
    this.#reader = reader;
  }

  parse(): UpdateSyntax {
    const reader = this.#reader;
    const actions: UpdateAction[] = [];
    const seen = new Set<Section>();
    do {
      const section = this.#readSection();
      if (seen.has(section)) {
        reader.noteFault('section', `The "${section}" section can only be used once in an update expression;`);
      }
      seen.add(section);
      do actions.push(this.#readAction(section));
      while (reader.takeSymbol(','));
    } while (reader.token.kind !== 'end');
    reader.finish();
    return { actions, paths: reader.paths, values: reader.values };
  }

  #readSection(): Section {
    for (const section of SECTIONS) {
      if (this.#reader.takeKeyword(section)) return section;
    }
    throw this.#reader.syntaxError();
  }

  #readAction(section: Section): UpdateAction {
    const reader = this.#reader;
    const path = reader.readPath();
    switch (section) {
      case 'SET':
        reader.expectSymbol('=');
        return { kind: 'set', path, value: this.#readSetValue() };
      case 'REMOVE':
        return { kind: 'remove', path };
      case 'ADD':
        return { kind: 'add', path, value: reader.readValue() };
      case 'DELETE':
        return { kind: 'delete', path, value: reader.readValue() };
    }
  }

  /** An operand, or two with `+` or `-` between them; parentheses may stand around either. */
  #readSetValue(): SetValue {
    const reader = this.#reader;
    const left = this.#readLeft();
    if (left.kind === 'arithmetic') return left;
    const operator = reader.takeSymbol('+') ? '+' : reader.takeSymbol('-') ? '-' : undefined;
    if (operator === undefined) return left;
    reader.countOperator();
    return { kind: 'arithmetic', operator, left, right: reader.readOperand() };
  }

  /** What begins a value: in parentheses it may be a whole sum. */
  #readLeft(): SetValue {
    const reader = this.#reader;
    if (!reader.takeSymbol('(')) return reader.readBareOperand();
    this.#parenthesisDepth += 1;
    if (this.#parenthesisDepth > MAX_PARENTHESIS_DEPTH) {
      reader.noteRedundantParentheses();
      reader.throwFault();
    }
    const inner = this.#readSetValue();
    reader.expectSymbol(')');
    this.#parenthesisDepth -= 1;
    if (inner === this.#parenthesised) reader.noteRedundantParentheses();
    this.#parenthesised = inner.kind === 'path' ? reader.continueOperand(inner) : inner;
    return this.#parenthesised;
  }
}
