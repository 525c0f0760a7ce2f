import { unreachable } from '../../../shared/base/assert.ts';
import { fromUtf8 } from '../../../shared/base/bytes.ts';
import type { StorageResponse, StorageStatus } from '../../../shared/wire/storage-operations.ts';
import { conditionalCheckFailed, internalServerError, modeledError, serviceUnavailable, validationError } from './api-error.ts';
import type { ApiError } from './api-error.ts';

const OVERLOADED = 'The cluster cannot take this request now: it is overloaded. Nothing was changed.';
const UNAVAILABLE =
  'No storage node could serve this request in time: the partition has no leader, or its nodes are out of reach. Nothing was changed.';
const UNKNOWN_OUTCOME = 'The outcome of the request is unknown: a write may have been carried out, or may yet be.';
/**
 * Not ThrottlingException: that says that the caller asks too much, and is answered by more capacity. This is the service's own
 * failure, for which the developer guide has the retryable HTTP 500 ("Error handling with DynamoDB", InternalServerError).
 */
const NO_ROOM = 'The disks of the cluster are nearly full, so that writes are refused until space is freed. Nothing was changed.';
const NO_COPY =
  'No intact copy of the partition is left to answer from: it refuses rather than guesses, until an operator brings one back. Nothing was changed.';

/** The error that a storage answer other than `ok` means for the client. */
export function storageFailure(response: StorageResponse): ApiError {
  switch (response.status) {
    case 'condition-failed':
      return conditionalCheckFailed(response.item === undefined ? undefined : fromUtf8(response.item));
    case 'validation':
      return validationError(response.message ?? 'The request is not valid for the stored item');
    case 'overloaded':
      return throttled();
    case 'no-room':
      return internalServerError(NO_ROOM);
    case 'no-copy':
      return internalServerError(NO_COPY);
    case 'unavailable':
      return serviceUnavailable(UNAVAILABLE);
    case 'unknown-outcome':
    case 'number-refused':
      return internalServerError(UNKNOWN_OUTCOME);
    case 'collection-full':
    case 'index-behind':
    case 'not-leader':
    case 'not-ready':
    case 'no-such-group':
    case 'wrong-range':
    case 'ok':
      return internalServerError(`A storage node answered ${response.status} where that is no final answer`);
    default:
      return unreachable(response.status);
  }
}

/** Whether the operation of a batch can be given back to the client, which may repeat it. */
export function isUnprocessed({ status }: StorageResponse): boolean {
  return UNPROCESSED.has(status);
}

const UNPROCESSED: ReadonlySet<StorageStatus> = new Set<StorageStatus>([
  'overloaded',
  'unavailable',
  'unknown-outcome',
  'number-refused',
  'no-room',
  'no-copy',
]);

/** The error for a batch none of which was processed: "nothing was changed" is said only when it is so of all. */
export function batchFailure(responses: readonly StorageResponse[]): ApiError {
  const unknown = responses.find(({ status }) => status === 'unknown-outcome' || status === 'number-refused');
  const unavailable = responses.find(({ status }) => status === 'no-copy' || status === 'no-room' || status === 'unavailable');
  return storageFailure(unknown ?? unavailable ?? { id: 0, status: 'overloaded' });
}

/** SDKs repeat a throttled request after a pause. */
export function throttled(): ApiError {
  return modeledError('ThrottlingException', OVERLOADED);
}
