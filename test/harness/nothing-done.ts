import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';

const NAMES = new Set(['ThrottlingException', 'ServiceUnavailable']);

/** Whether the answer promises that the request changed nothing; of a request that was sent once. */
export function saysNothingWasDone(error: unknown): boolean {
  return error instanceof DynamoDBServiceException && NAMES.has(error.name);
}
