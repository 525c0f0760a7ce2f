import { must, unreachable } from '../../../shared/base/assert.ts';
import { fromUtf8 } from '../../../shared/base/bytes.ts';
import type { StorageResponse, StorageStatus } from '../../../shared/wire/storage-operations.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import {
  conditionalCheckFailed,
  internalServerError,
  modeledError,
  serviceUnavailable,
  throttledBy,
  validationError,
} from './api-error.ts';
import type { ApiError } from './api-error.ts';
import { indexArn } from './table-name.ts';

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

/** "Programmatic errors with DynamoDB" of the Developer Guide. */
const COLLECTION_FULL = 'Collection size exceeded.';
const INDEX_PROVISIONED =
  'The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing ' +
  'your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API';
const INDEX_ON_DEMAND =
  'Throughput exceeds the current capacity for one or more global secondary indexes. DynamoDB is automatically scaling your index so please ' +
  'try again shortly. If exceptions persist, check if you have a hot key: ' +
  'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html';

/** The error that a storage answer other than `ok` means for the client; `table`: that of a write. */
export function storageFailure(response: StorageResponse, table?: TableRecord): ApiError {
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
      return modeledError('ItemCollectionSizeLimitExceededException', COLLECTION_FULL);
    case 'index-behind':
      return indexBehind(must(table), response.message ?? '');
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
  'index-behind',
]);

/** The error for a batch none of which was processed: "nothing was changed" is said only when it is so of all. */
export function batchFailure(responses: readonly StorageResponse[], tables: readonly TableRecord[] = []): ApiError {
  const unknown = responses.find(({ status }) => status === 'unknown-outcome' || status === 'number-refused');
  const unavailable = responses.find(({ status }) => status === 'no-copy' || status === 'no-room' || status === 'unavailable');
  const behind = responses.findIndex(({ status }) => status === 'index-behind');
  return storageFailure(unknown ?? unavailable ?? responses[behind] ?? { id: 0, status: 'overloaded' }, tables[behind]);
}

/**
 * A global index takes no more writes now: "Throttling" of the Developer Guide has an exception for each billing mode, and says by which
 * resource and why. Behind the service's text stands what helps where the index stands still rather than being short of throughput.
 */
function indexBehind(table: TableRecord, index: string): ApiError {
  const resource = indexArn(table.region, table.account, table.name, index);
  if (table.billingMode === 'PROVISIONED') {
    return throttledBy(
      'ProvisionedThroughputExceededException',
      INDEX_PROVISIONED + wayOut(index),
      'IndexWriteProvisionedThroughputExceeded',
      resource,
    );
  }
  return throttledBy('ThrottlingException', INDEX_ON_DEMAND + wayOut(index), 'IndexWriteKeyRangeThroughputExceeded', resource);
}

function wayOut(index: string): string {
  return `. The index ${index} is behind its table; should it not catch up, deleting it with the UpdateTable API lets the writes go on`;
}

/** SDKs repeat a throttled request after a pause. */
export function throttled(): ApiError {
  return modeledError('ThrottlingException', OVERLOADED);
}
