import { MESSAGE_CHARACTERS_MAX } from '../../../shared/limits/api-limits.ts';

/**
 * Errors that a client sees. Names, prefixes and texts are the service's own: SDKs decide by the name what is retried, and
 * people search for the texts.
 */

const MODELED = 'com.amazonaws.dynamodb.v20120810#';
const PROTOCOL = 'com.amazon.coral.service#';
const VALIDATION = 'com.amazon.coral.validate#ValidationException';

export const ACCESS_DENIED = 'AccessDeniedException';

/** Ends a request with an error answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** `__type` of the answer, with its prefix. */
  readonly type: string;
  readonly status: number;
  /** JSON of the answer. */
  readonly body: string;

  constructor(type: string, status: number, message: string, body: string) {
    super(message);
    this.type = type;
    this.status = status;
    this.body = body;
  }

  /** The name without its prefix, for metrics and logs. */
  get code(): string {
    return this.type.slice(this.type.indexOf('#') + 1);
  }
}

function errorOf(type: string, text: string, status = 400): ApiError {
  const message = cut(text);
  return new ApiError(type, status, message, `{"__type":"${type}","message":${JSON.stringify(message)}}`);
}

function cut(text: string): string {
  return text.length <= MESSAGE_CHARACTERS_MAX ? text : `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…`;
}

/** The request's content is wrong. */
export function validationError(message: string): ApiError {
  return errorOf(VALIDATION, message);
}

/** A field has the wrong JSON type. This error spells `Message`; without one the body was no JSON at all. */
export function serializationError(text?: string): ApiError {
  const message = text === undefined ? undefined : cut(text);
  const type = `${PROTOCOL}SerializationException`;
  const body = message === undefined ? `{"__type":"${type}"}` : `{"__type":"${type}","Message":${JSON.stringify(message)}}`;
  return new ApiError(type, 400, message ?? 'The request body could not be read', body);
}

/** Errors of the front door: no operation of this name, nobody known, wrong signature. `message` undefined: the type alone. */
export function protocolError(
  name:
    | 'UnknownOperationException'
    | 'MissingAuthenticationTokenException'
    | 'IncompleteSignatureException'
    | 'InvalidSignatureException'
    | 'UnrecognizedClientException',
  message?: string,
): ApiError {
  const type = PROTOCOL + name;
  return message === undefined ? new ApiError(type, 400, name, `{"__type":"${type}"}`) : errorOf(type, message);
}

/** The caller may not do that with this resource. `reason`, with its first word, ends the message. This error spells `Message`. */
export function accessDenied(principal: string, action: string, resource: string, reason: string): ApiError {
  return denial(cut(`User: ${principal} is not authorized to perform: ${action} on resource: ${resource} ${reason}`));
}

/** The same without a word on why. */
export function accessIsDenied(): ApiError {
  return denial('Access is denied');
}

function denial(message: string): ApiError {
  const type = `${PROTOCOL}${ACCESS_DENIED}`;
  return new ApiError(type, 400, message, `{"__type":"${type}","Message":${JSON.stringify(message)}}`);
}

/** Errors that the API model names. */
export function modeledError(
  name:
    | 'ResourceNotFoundException'
    | 'ResourceInUseException'
    | 'LimitExceededException'
    | 'ThrottlingException'
    | 'ItemCollectionSizeLimitExceededException',
  message: string,
): ApiError {
  return errorOf(MODELED + name, message);
}

/** Throttled by one resource for one reason. The two errors spell the list of reasons differently. */
export function throttledBy(
  name: 'ProvisionedThroughputExceededException' | 'ThrottlingException',
  message: string,
  reason: string,
  resource: string,
): ApiError {
  const type = MODELED + name;
  const list = name === 'ThrottlingException' ? 'throttlingReasons' : 'ThrottlingReasons';
  const reasons = JSON.stringify([{ reason, resource }]);
  return new ApiError(type, 400, message, `{"__type":"${type}","message":${JSON.stringify(message)},"${list}":${reasons}}`);
}

/**
 * Surely nothing was done, and not for lack of capacity: "Service Unavailable (HTTP 503)" of the Developer Guide. SDKs repeat it
 * soon, as any 503, while a throttle makes them wait longer and, in adaptive mode, send less.
 */
export function serviceUnavailable(message: string): ApiError {
  return errorOf(`${PROTOCOL}ServiceUnavailable`, message, 503);
}

/** Ours to mend, or an outcome nobody knows. SDKs repeat the request. */
export function internalServerError(message: string): ApiError {
  return errorOf(`${MODELED}InternalServerError`, message, 500);
}

/** Whether there is such a table cannot be said now. */
export function catalogOutOfReach(): ApiError {
  return serviceUnavailable('The catalog could not be read in time, so it is not known what tables there are. Nothing was changed.');
}

/**
 * The condition was false. `item` is the JSON of the stored item when the request asked for it with
 * ReturnValuesOnConditionCheckFailure.
 */
export function conditionalCheckFailed(item: string | undefined): ApiError {
  const type = `${MODELED}ConditionalCheckFailedException`;
  const message = 'The conditional request failed';
  if (item === undefined) return errorOf(type, message);
  return new ApiError(type, 400, message, `{"__type":"${type}","Item":${item},"message":"${message}"}`);
}

/** No such table, for operations on items: the service does not repeat the name. */
export function tableNotFound(): ApiError {
  return modeledError('ResourceNotFoundException', 'Requested resource not found');
}

/** No such table, for operations on tables. */
export function namedTableNotFound(name: string): ApiError {
  return modeledError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
}

/** A field, value or operation that is part of the API but does nothing here yet: refused by name, never ignored. */
export function notSupported(what: string): ApiError {
  return validationError(`${what} is not supported by Stator yet`);
}
