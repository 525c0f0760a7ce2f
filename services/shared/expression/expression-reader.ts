import { must } from '../base/assert.ts';
import { EXPRESSION_MAX_OPERATORS, LIST_INDEX_MAX, PATH_MAX_ELEMENTS } from '../limits/expression-limits.ts';
import { type ExpressionError, invalidExpression } from './errors.ts';
import type { ExpressionField } from './errors.ts';
import type { ExpressionBounds } from './expression-bounds.ts';
import { tokenize } from './lexer.ts';
import type { Token } from './lexer.ts';
import { isReservedWord } from './reserved-words.ts';
import type { FunctionCall, Operand, PathElementSyntax, PathOperand, PathSyntax, ValueOperand } from './syntax-tree.ts';

/**
 * What is wrong with a text that follows the grammar. A text may have several faults; the service reports the first one of
 * the kind that it checks first, and the order of the kinds differs between expressions.
 */
export type Fault = 'operators' | 'parentheses' | 'function-name' | 'function-use' | 'path' | 'candidates' | 'section';

/** What sets one expression language apart from another for the reader. */
export interface ExpressionDialect {
  /** Words, in capitals, that are never attribute or function names here. */
  readonly keywords: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  /** Functions of the other language, which deserve another text than unknown ones. */
  readonly foreignFunctions: ReadonlySet<string>;
  /** The functions whose result may be an operand. */
  readonly operandFunctions: ReadonlySet<string>;
  /** As in `The function is not allowed in a condition expression`. */
  readonly described: string;
  /** The kinds of fault that this language can have, first checked first. */
  readonly faultOrder: readonly Fault[];
}

/**
 * Reads tokens, paths and operands for the parsers, and collects the paths, values and faults of one expression. Errors of
 * grammar are thrown where they are found; faults wait for `finish`, because an error of grammar further on goes before them.
 */
export class ExpressionReader {
  readonly field: ExpressionField;
  readonly bounds: ExpressionBounds;
  readonly #dialect: ExpressionDialect;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #paths: PathSyntax[] = [];
  readonly #values: string[] = [];
  readonly #faults = new Map<Fault, string>();
  #position = 0;
  #operatorCount = 0;
  #functionDepth = 0;

  constructor(text: string, field: ExpressionField, dialect: ExpressionDialect, bounds: ExpressionBounds) {
    this.field = field;
    this.bounds = bounds;
    this.#dialect = dialect;
    this.#tokens = tokenize(text, field, bounds.bytes);
    this.#text = text;
  }

  /** All paths read so far, by slot. */
  get paths(): readonly PathSyntax[] {
    return this.#paths;
  }

  /** The placeholders of all values read so far, by slot. */
  get values(): readonly string[] {
    return this.#values;
  }

  get token(): Token {
    return must(this.#tokens[this.#position]);
  }

  /** The token is the grammar's surprise: an error that shows it with its neighbours, as they stand in the text. */
  syntaxError(): ExpressionError {
    const token = this.token;
    const first = this.#tokens[this.#position - 1] ?? token;
    const last = this.#tokens[this.#position + 1] ?? token;
    const near = this.#text.slice(first.start, last.end);
    return invalidExpression(this.field, `Syntax error; token: "${token.text}", near: "${near}"`);
  }

  isSymbol(symbol: string): boolean {
    const { kind, text } = this.token;
    return kind === 'symbol' && text === symbol;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#position += 1;
    return true;
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.syntaxError();
  }

  /** `keyword` in capitals; the text may have any case. */
  isKeyword(keyword: string): boolean {
    const { kind, text } = this.token;
    return kind === 'identifier' && text.length === keyword.length && text.toUpperCase() === keyword;
  }

  takeKeyword(keyword: string): boolean {
    if (!this.isKeyword(keyword)) return false;
    this.#position += 1;
    return true;
  }

  /** Keeps the first fault of each kind. */
  noteFault(fault: Fault, reason: string): void {
    if (!this.#faults.has(fault)) this.#faults.set(fault, reason);
  }

  noteRedundantParentheses(): void {
    this.noteFault('parentheses', 'The expression has redundant parentheses;');
  }

  /** Counts an operator or function. The service stops counting at the first too many, and so does its text. */
  countOperator(): void {
    this.#operatorCount += 1;
    const { operators } = this.bounds;
    if (this.#operatorCount > operators) {
      this.noteFault('operators', `The expression contains too many operators; operator count: ${operators + 1}`);
    }
  }

  /** The text must end here. Throws the fault that the service would report. */
  finish(): void {
    if (this.token.kind !== 'end') throw this.syntaxError();
    this.throwFault();
  }

  throwFault(): void {
    for (const fault of this.#dialect.faultOrder) {
      const reason = this.#faults.get(fault);
      if (reason !== undefined) throw invalidExpression(this.field, reason);
    }
  }

  /** A document path such as `a.#b[3]`. */
  readPath(): PathSyntax {
    const elements: PathElementSyntax[] = [this.#readPathElement()];
    this.#readPathTail(elements);
    return this.#addPath(elements, this.#paths.length);
  }

  /** Goes on with a path that stood in parentheses: `(a).b`. */
  continueOperand(operand: PathOperand): PathOperand {
    if (!this.isSymbol('.') && !this.isSymbol('[')) return operand;
    // A path that is too long is refused in the end. Copied whole at each of a thousand parentheses it would cost their square.
    const elements = operand.path.elements.slice(0, PATH_MAX_ELEMENTS + 1);
    this.#readPathTail(elements);
    return { kind: 'path', path: this.#addPath(elements, operand.path.slot) };
  }

  /** A placeholder `:value`. */
  readValue(): ValueOperand {
    const { kind, text } = this.token;
    if (kind !== 'value') throw this.syntaxError();
    this.#position += 1;
    const slot = this.#values.push(text) - 1;
    return { kind: 'value', placeholder: text, slot };
  }

  /** A path, a value or a function call, perhaps in parentheses. */
  readOperand(): Operand {
    let open = 0;
    while (this.takeSymbol('(')) open += 1;
    if (open > 1) this.noteRedundantParentheses();
    let operand = this.readBareOperand();
    for (; open > 0; open -= 1) {
      this.expectSymbol(')');
      if (operand.kind === 'path') operand = this.continueOperand(operand);
    }
    return operand;
  }

  /** A path, a value or a function call, not in parentheses. */
  readBareOperand(): Operand {
    const { kind } = this.token;
    if (kind === 'value') return this.readValue();
    const following = this.#tokens[this.#position + 1];
    if (kind === 'identifier' && following?.kind === 'symbol' && following.text === '(') return this.#readFunction();
    return { kind: 'path', path: this.readPath() };
  }

  /** Notes a fault when the result of a function that yields none is used as an operand. */
  noteOperandUse(operand: Operand): void {
    if (operand.kind !== 'function' || this.#dialect.operandFunctions.has(operand.name)) return;
    this.noteFunctionUse(operand.name);
  }

  noteFunctionUse(name: string): void {
    this.noteFault('function-use', `The function is not allowed to be used this way in an expression; function: ${name}`);
  }

  #readFunction(): FunctionCall {
    const name = this.#takeIdentifier();
    this.countOperator();
    this.#functionDepth += 1;
    // So deep a nest has too many operators whatever follows; going on could only exhaust the stack.
    if (this.#functionDepth > EXPRESSION_MAX_OPERATORS) this.throwFault();
    this.expectSymbol('(');
    const operands = [this.readOperand()];
    while (this.takeSymbol(',')) operands.push(this.readOperand());
    this.expectSymbol(')');
    this.#functionDepth -= 1;
    for (const operand of operands) this.noteOperandUse(operand);
    this.#noteFunctionName(name);
    return { kind: 'function', name, operands };
  }

  #noteFunctionName(name: string): void {
    const { functions, foreignFunctions, described } = this.#dialect;
    if (functions.has(name)) return;
    this.noteFault(
      'function-name',
      foreignFunctions.has(name)
        ? `The function is not allowed in ${described}; function: ${name}`
        : `Invalid function name; function: ${name}`,
    );
  }

  #takeIdentifier(): string {
    const { kind, text } = this.token;
    if (kind !== 'identifier' || this.#dialect.keywords.has(text.toUpperCase())) throw this.syntaxError();
    this.#position += 1;
    return text;
  }

  #readPathElement(): PathElementSyntax {
    const { kind, text } = this.token;
    if (kind === 'name') {
      this.#position += 1;
      return { placeholder: text };
    }
    const name = this.#takeIdentifier();
    if (isReservedWord(name)) this.noteFault('path', `Attribute name is a reserved keyword; reserved keyword: ${name}`);
    return name;
  }

  #readPathTail(elements: PathElementSyntax[]): void {
    for (;;) {
      if (this.takeSymbol('.')) elements.push(this.#readPathElement());
      else if (this.takeSymbol('[')) elements.push(this.#readListIndex());
      else break;
    }
    if (elements.length > PATH_MAX_ELEMENTS) {
      this.noteFault('path', `The document path has too many nesting levels; nesting levels: ${elements.length}`);
    }
  }

  #readListIndex(): number {
    const { kind, text } = this.token;
    if (kind !== 'number') throw this.syntaxError();
    this.#position += 1;
    this.expectSymbol(']');
    const index = Number(text);
    if (index > LIST_INDEX_MAX) this.noteFault('path', `List index is not within the allowable range; index: [${text}]`);
    return index;
  }

  #addPath(elements: readonly PathElementSyntax[], slot: number): PathSyntax {
    const fixed = elements.every((element) => typeof element !== 'object') ? (elements as readonly (string | number)[]) : undefined;
    const path: PathSyntax = { elements, slot, fixed };
    this.#paths[slot] = path;
    return path;
  }
}
