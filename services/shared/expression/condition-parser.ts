import { EXPRESSION_MAX_OPERATORS } from '../limits/expression-limits.ts';
import type { ExpressionField } from './errors.ts';
import type { ExpressionBounds } from './expression-bounds.ts';
import { ExpressionReader } from './expression-reader.ts';
import type { ExpressionDialect } from './expression-reader.ts';
import { CONDITION_FUNCTIONS, UPDATE_FUNCTIONS } from './functions.ts';
import { operandsOf } from './syntax-tree.ts';
import type { ComparisonOperator, Condition, FunctionCall, Operand, PathSyntax, SimpleCondition } from './syntax-tree.ts';

const CONDITION_DIALECT: ExpressionDialect = {
  keywords: new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN']),
  functions: CONDITION_FUNCTIONS,
  foreignFunctions: UPDATE_FUNCTIONS,
  operandFunctions: new Set(['size']),
  described: 'a condition expression',
  faultOrder: ['operators', 'parentheses', 'function-name', 'function-use', 'path', 'candidates'],
};

const COMPARISON_OPERATORS: ReadonlySet<string> = new Set<ComparisonOperator>(['=', '<>', '<', '<=', '>', '>=']);

/** A nest of so many parentheses has redundant ones, or an operator for each of them and so too many operators. */
const MAX_PARENTHESIS_DEPTH = EXPRESSION_MAX_OPERATORS + 2;

export interface ConditionSyntax {
  readonly root: Condition;
  /** The simple conditions in the order of the text. */
  readonly simpleConditions: readonly SimpleCondition[];
  readonly paths: readonly PathSyntax[];
  readonly values: readonly string[];
}

/** Throws ExpressionError for everything that can be wrong with the text alone. */
export function parseConditionSyntax(text: string, field: ExpressionField, bounds: ExpressionBounds): ConditionSyntax {
  const parser = new ConditionParser(new ExpressionReader(text, field, CONDITION_DIALECT, bounds));
  return parser.parse();
}

/** In parentheses may stand an operand or a condition, and only what follows tells which: so both come back as a node. */
type Node = Condition | Operand;

/**
 * Recursive descent over `or > and > not > comparison`. Only parentheses and function calls recurse, and their depth is bounded.
 */
class ConditionParser {
  readonly #reader: ExpressionReader;
  readonly #simpleConditions: SimpleCondition[] = [];
  #parenthesisDepth = 0;
  /** The node that a pair of parentheses around nothing else than a node gave last. */
  #parenthesised: Node | undefined;

  constructor(reader: ExpressionReader) {
    this.#reader = reader;
  }

  parse(): ConditionSyntax {
    const root = this.#asCondition(this.#parseNode());
    this.#reader.finish();
    return { root, simpleConditions: this.#simpleConditions, paths: this.#reader.paths, values: this.#reader.values };
  }

  /** AND and OR over factors; a lone operand comes back as it is. */
  #parseNode(): Node {
    const reader = this.#reader;
    let factor = this.#parseFactor();
    if (!this.#atConnective()) return factor;
    const alternatives: Condition[] = [];
    let terms: Condition[] = [];
    while (this.#atConnective()) {
      terms.push(this.#asCondition(factor));
      if (reader.takeKeyword('OR')) {
        alternatives.push(joined('and', terms));
        terms = [];
      } else {
        reader.takeKeyword('AND');
      }
      reader.countOperator();
      factor = this.#parseFactor();
    }
    terms.push(this.#asCondition(factor));
    alternatives.push(joined('and', terms));
    return joined('or', alternatives);
  }

  #atConnective(): boolean {
    return this.#reader.isKeyword('AND') || this.#reader.isKeyword('OR');
  }

  /** A comparison, function, operand or nest, with the NOTs before it. */
  #parseFactor(): Node {
    let negations = 0;
    while (this.#reader.takeKeyword('NOT')) {
      this.#reader.countOperator();
      negations += 1;
    }
    const node = this.#parseComparison(this.#parsePrimary());
    if (negations === 0) return node;
    let condition = this.#asCondition(node);
    for (; negations > 0; negations -= 1) condition = { kind: 'not', term: condition };
    return condition;
  }

  /** What stands before a comparator, if one follows. */
  #parsePrimary(): Node {
    const reader = this.#reader;
    if (!reader.takeSymbol('(')) return reader.readBareOperand();
    this.#parenthesisDepth += 1;
    if (this.#parenthesisDepth > MAX_PARENTHESIS_DEPTH) {
      reader.noteRedundantParentheses();
      reader.throwFault();
    }
    const inner = this.#parseNode();
    reader.expectSymbol(')');
    this.#parenthesisDepth -= 1;
    if (inner === this.#parenthesised) reader.noteRedundantParentheses();
    const node: Node = inner.kind === 'path' ? reader.continueOperand(inner) : inner;
    this.#parenthesised = node;
    return node;
  }

  /** The comparison that begins with `left`, or `left` itself when no comparator follows. */
  #parseComparison(left: Node): Node {
    const reader = this.#reader;
    if (!isOperand(left)) return left;
    const { kind, text } = reader.token;
    if (kind === 'symbol' && COMPARISON_OPERATORS.has(text)) {
      reader.takeSymbol(text);
      return this.#add({ kind: 'comparison', operator: text as ComparisonOperator, left, right: reader.readOperand() });
    }
    if (reader.takeKeyword('BETWEEN')) {
      const low = reader.readOperand();
      if (!reader.takeKeyword('AND')) throw reader.syntaxError();
      return this.#add({ kind: 'between', operand: left, low, high: reader.readOperand() });
    }
    if (reader.takeKeyword('IN')) return this.#add({ kind: 'in', operand: left, candidates: this.#parseCandidates() });
    return left;
  }

  #parseCandidates(): readonly Operand[] {
    const reader = this.#reader;
    reader.expectSymbol('(');
    const candidates = [reader.readOperand()];
    while (reader.takeSymbol(',')) candidates.push(reader.readOperand());
    reader.expectSymbol(')');
    if (candidates.length > reader.bounds.candidates) {
      reader.noteFault('candidates', `The IN operator is provided with too many operands; number of operands: ${candidates.length}`);
    }
    return candidates;
  }

  /** Takes in a condition with an operator. */
  #add(condition: Exclude<SimpleCondition, FunctionCall>): Condition {
    this.#reader.countOperator();
    for (const operand of operandsOf(condition)) this.#reader.noteOperandUse(operand);
    this.#simpleConditions.push(condition);
    return condition;
  }

  /** The node as a condition: a path or value is none, and the text should have gone on with a comparator. */
  #asCondition(node: Node): Condition {
    if (node.kind === 'path' || node.kind === 'value') throw this.#reader.syntaxError();
    if (node.kind === 'function') {
      if (CONDITION_DIALECT.operandFunctions.has(node.name)) this.#reader.noteFunctionUse(node.name);
      this.#simpleConditions.push(node);
    }
    return node;
  }
}

function isOperand(node: Node): node is Operand {
  return node.kind === 'path' || node.kind === 'value' || node.kind === 'function';
}

function joined(kind: 'and' | 'or', terms: readonly Condition[]): Condition {
  const [only] = terms;
  return terms.length === 1 && only !== undefined ? only : { kind, terms };
}
