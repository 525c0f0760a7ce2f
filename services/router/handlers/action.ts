import { authorize } from '../core/api/authorization/authorize.ts';
import { foreignDenial } from '../core/api/authorization/denial.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import type { RequestShape } from '../core/api/request-shape.ts';
import { ForeignTableError } from '../core/api/table-name.ts';

/** One operation of the API: JSON in, JSON out. `answer` rejects with ApiError, ItemError or ExpressionError. */
export interface Action {
  readonly name: string;
  readonly answer: (input: JsonObject, context: RequestContext) => Promise<Buffer>;
}

/**
 * An operation in the steps of the service: the request is read and judged as a whole, then whether its signer may do it, and only
 * then it meets the table.
 */
export interface ActionDefinition<Request> {
  readonly name: string;
  readonly shape: RequestShape;
  readonly read: (input: JsonObject, context: RequestContext) => Request;
  readonly run: (request: Request, context: RequestContext) => Promise<Buffer>;
}

export function defineAction<Request>({ name, shape, read, run }: ActionDefinition<Request>): Action {
  const answer = async (input: JsonObject, context: RequestContext): Promise<Buffer> => {
    shape.checkTypes(input);
    let request: Request;
    try {
      shape.checkConstraints(input);
      request = read(input, context);
    } catch (error) {
      // A wrong type anywhere wins over what was found wrong so far.
      shape.checkTypesDeep(input);
      throw error instanceof ForeignTableError ? foreignDenial(context.identity, `dynamodb:${name}`, error.arn) : error;
    }
    // A policy judges what is carried out, and that does not depend on members that the operation does not have.
    const asked = authorize(name, context.identity.user === undefined ? input : shape.known(input), context);
    if (asked !== undefined) await asked;
    return run(request, context);
  };
  return { name, answer };
}
