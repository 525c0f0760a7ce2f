import { modeledError, validationError } from './api-error.ts';
import { foreignDenial } from './authorization/denial.ts';
import type { Field } from './field.ts';
import { isGiven } from './placeholders.ts';
import type { JsonObject } from './json-object.ts';
import type { RequestContext } from './request-context.ts';

/** `ResourceArn` of the operations on tags. Texts: measurements of the service from October 2026 (ack-api-quirks). */
export const resourceArn: Field = { name: 'ResourceArn', type: { kind: 'string' } };

const INVALID = 'One or more parameter values were invalid: ';
/** Of the one partition, as in table-name.ts. */
const RESOURCE_ARN = /^arn:aws:dynamodb:([a-z0-9-]*):([0-9]*):(.*)$/s;
const TABLE = /^table\/([a-zA-Z0-9_.-]{3,255})$/;
const STREAM = /^table\/[a-zA-Z0-9_.-]{3,255}\/stream\/[^/]+$/;
const BACKUP = /^table\/[^/]+\/backup\//;

/** The name of the table that the ARN is of. Throws ValidationException, or AccessDeniedException for another account's. */
export function readResourceArn(input: JsonObject, operation: string, { services, identity }: RequestContext): string {
  if (!isGiven(input, 'ResourceArn')) throw validationError('Invalid TableArn');
  const arn = input.ResourceArn as string;
  if (!arn.startsWith('arn:')) throw validationError(`${INVALID}ARNs must start with 'arn:': ${arn}`);
  const [, region, owner, resource = ''] = RESOURCE_ARN.exec(arn) ?? [];
  if (region === undefined || BACKUP.test(resource)) throw validationError(`${INVALID}Provided Arn is not a DynamoDB resource arn: ${arn}`);
  const name = TABLE.exec(resource)?.[1];
  if (name === undefined && !STREAM.test(resource)) {
    throw validationError(`${INVALID}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}`);
  }
  if (region !== services.region) throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  if (owner !== identity.account) throw foreignDenial(identity, `dynamodb:${operation}`, arn);
  // There are no streams yet, so none has tags.
  if (name === undefined) throw resourceNotFound(arn);
  return name;
}

/** No such table, or not one that has tags yet. */
export function resourceNotFound(arn: string): Error {
  return modeledError('ResourceNotFoundException', `Requested resource not found: ResourceArn: ${arn} not found`);
}
