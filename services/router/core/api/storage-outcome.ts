import { unreachable } from '../../../shared/base/assert.ts';
import { fromUtf8 } from '../../../shared/base/bytes.ts';
import type { StorageResponse } from '../../../shared/wire/storage-operations.ts';
import { conditionalCheckFailed, internalServerError, modeledError, validationError } from './api-error.ts';
import type { ApiError } from './api-error.ts';

const OVERLOADED = 'The cluster cannot take this request now: it is overloaded or a partition has no leader. Nothing was changed.';
const UNKNOWN_OUTCOME = 'The outcome of the request is unknown: a write may have been carried out, or may yet be.';

/** The error that a storage answer other than `ok` means for the client. */
export function storageFailure(response: StorageResponse): ApiError {
  switch (response.status) {
    case 'condition-failed':
      return conditionalCheckFailed(response.item === undefined ? undefined : fromUtf8(response.item));
    case 'validation':
      return validationError(response.message ?? 'The request is not valid for the stored item');
    case 'overloaded':
      return throttled();
    case 'unknown-outcome':
    case 'number-refused':
      return internalServerError(UNKNOWN_OUTCOME);
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

/** SDKs repeat a throttled request after a pause. */
export function throttled(): ApiError {
  return modeledError('ThrottlingException', OVERLOADED);
}
