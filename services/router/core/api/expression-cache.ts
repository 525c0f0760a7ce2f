import { parseCondition } from '../../../shared/expression/condition.ts';
import type { ConditionField, ConditionProgram } from '../../../shared/expression/condition.ts';
import { parseProjection } from '../../../shared/expression/projection.ts';
import type { ProjectionProgram } from '../../../shared/expression/projection.ts';
import { parseUpdate } from '../../../shared/expression/update.ts';
import type { UpdateProgram } from '../../../shared/expression/update.ts';
import { EXPRESSION_CHARACTERS_CACHED, EXPRESSIONS_CACHED } from '../../../shared/limits/api-limits.ts';
import { RecentMap } from './recent-map.ts';

/** Parsed expressions by their text: an application sends few different ones. What does not parse is not kept. */
export class ExpressionCache {
  readonly #conditions: Readonly<Record<ConditionField, RecentMap<ConditionProgram>>> = {
    ConditionExpression: new RecentMap(EXPRESSIONS_CACHED, EXPRESSION_CHARACTERS_CACHED),
    FilterExpression: new RecentMap(EXPRESSIONS_CACHED, EXPRESSION_CHARACTERS_CACHED),
    KeyConditionExpression: new RecentMap(EXPRESSIONS_CACHED, EXPRESSION_CHARACTERS_CACHED),
  };
  readonly #projections = new RecentMap<ProjectionProgram>(EXPRESSIONS_CACHED, EXPRESSION_CHARACTERS_CACHED);
  readonly #updates = new RecentMap<UpdateProgram>(EXPRESSIONS_CACHED, EXPRESSION_CHARACTERS_CACHED);

  /** Throws ExpressionError, as the two below. */
  condition(text: string, field: ConditionField): ConditionProgram {
    const programs = this.#conditions[field];
    let program = programs.get(text);
    if (program === undefined) {
      program = parseCondition(text, field);
      programs.set(text, program);
    }
    return program;
  }

  projection(text: string): ProjectionProgram {
    let program = this.#projections.get(text);
    if (program === undefined) {
      program = parseProjection(text);
      this.#projections.set(text, program);
    }
    return program;
  }

  update(text: string): UpdateProgram {
    let program = this.#updates.get(text);
    if (program === undefined) {
      program = parseUpdate(text);
      this.#updates.set(text, program);
    }
    return program;
  }
}
