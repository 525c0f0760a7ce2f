import { chain, Grammar, mapped, type Readings } from './grammar.ts';
import type { Action, Assigned, Call, Comparator, Condition, Operand, Section, Update } from './tree.ts';

const COMPARATORS: readonly Comparator[] = ['=', '<>', '<', '<=', '>', '>='];

const SECTIONS: readonly Section[] = ['SET', 'REMOVE', 'ADD', 'DELETE'];

/** "Condition and filter expressions, operators, and functions": NOT before AND before OR. */
export class ConditionGrammar extends Grammar {
  constructor(text: string) {
    super(text, ['AND', 'OR', 'NOT', 'BETWEEN', 'IN']);
  }

  read(): Condition {
    return this.whole(this.#or(0));
  }

  #or(at: number): Readings<Condition> {
    return this.once('or', at, () =>
      mapped(
        this.separated(
          at,
          (each) => this.#and(each),
          (or) => this.keyword(or, 'OR'),
        ),
        (terms) => joined('or', terms),
      ),
    );
  }

  #and(at: number): Readings<Condition> {
    return this.once('and', at, () =>
      mapped(
        this.separated(
          at,
          (each) => this.#not(each),
          (and) => this.keyword(and, 'AND'),
        ),
        (terms) => joined('and', terms),
      ),
    );
  }

  #not(at: number): Readings<Condition> {
    return this.once('not', at, () => [
      ...chain(this.keyword(at, 'NOT'), (_, next) => mapped(this.#not(next), (term): Condition => ({ is: 'not', term }))),
      ...this.#simple(at),
    ]);
  }

  #simple(at: number): Readings<Condition> {
    return [
      ...chain(this.operand(at), (left, next) => [...this.#comparison(left, next), ...this.#between(left, next), ...this.#in(left, next)]),
      ...mapped(this.call(at), (call) => call as Call),
      ...mapped(
        this.inParentheses(at, (inside) => this.#or(inside)),
        (inner): Condition => ({ is: 'condition-group', inner }),
      ),
    ];
  }

  #comparison(left: Operand, at: number): Readings<Condition> {
    return COMPARATORS.flatMap((comparator) =>
      chain(this.symbol(at, comparator), (_, next) =>
        mapped(this.operand(next), (right): Condition => ({ is: 'compare', comparator, operands: [left, right] })),
      ),
    );
  }

  #between(of: Operand, at: number): Readings<Condition> {
    return chain(this.keyword(at, 'BETWEEN'), (_between, from) =>
      chain(this.operand(from), (low, and) =>
        chain(this.keyword(and, 'AND'), (_and, to) =>
          mapped(this.operand(to), (high): Condition => ({ is: 'between', operands: [of, low, high] })),
        ),
      ),
    );
  }

  #in(of: Operand, at: number): Readings<Condition> {
    return chain(this.keyword(at, 'IN'), (_, next) =>
      mapped(
        this.inParentheses(next, (inside) => this.list(inside, (each) => this.operand(each))),
        (candidates): Condition => ({ is: 'in', operands: [of, ...candidates] }),
      ),
    );
  }
}

/** "Using update expressions": sections in any order. */
export class UpdateGrammar extends Grammar {
  constructor(text: string) {
    super(text, SECTIONS);
  }

  read(): Update {
    const sections = this.separated(0, (at) => this.#section(at), nothingBetween);
    return { sections: this.whole(sections) };
  }

  #section(at: number): Readings<Update['sections'][number]> {
    return SECTIONS.flatMap((section) =>
      chain(this.keyword(at, section), (_, next) =>
        mapped(
          this.list(next, (each) => this.#action(section, each)),
          (actions) => ({ section, actions }),
        ),
      ),
    );
  }

  #action(section: Section, at: number): Readings<Action> {
    return chain(this.path(at), (path, next): Readings<Action> => {
      if (section === 'REMOVE') return [{ of: { section, path }, next }];
      if (section !== 'SET') return mapped(this.value(next), (operand) => ({ section, path, operand }));
      return chain(this.symbol(next, '='), (_, value) => mapped(this.#assigned(value), (assigned) => ({ section, path, assigned })));
    });
  }

  #assigned(at: number): Readings<Assigned> {
    return this.once('assigned', at, () => [
      ...this.operand(at),
      ...chain(this.operand(at), (left, next) =>
        (['+', '-'] as const).flatMap((sign) =>
          chain(this.symbol(next, sign), (_, right) =>
            mapped(this.operand(right), (operand): Assigned => ({ is: 'sum', sign, operands: [left, operand] })),
          ),
        ),
      ),
      ...mapped(
        this.inParentheses(at, (inside) => this.#assigned(inside)),
        (inner): Assigned => ({ is: 'sum-group', inner }),
      ),
    ]);
  }
}

/** "Using projection expressions": paths with commas between them. No word is a keyword here. */
export class ProjectionGrammar extends Grammar {
  constructor(text: string) {
    super(text, []);
  }

  read(): readonly Operand[] {
    return this.whole(this.list(0, (at) => this.path(at)));
  }
}

function nothingBetween(at: number): Readings<string> {
  return [{ of: '', next: at }];
}

function joined(is: 'and' | 'or', terms: readonly Condition[]): Condition {
  return terms.length === 1 ? (terms[0] as Condition) : { is, terms };
}
