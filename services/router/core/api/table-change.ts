import { RefusedAfterLossError, UNAVAILABLE } from '../../../shared/cluster-client/auto-admin-client.ts';
import { AdminCallError } from '../../../shared/env/transport.ts';
import { CATALOG_REFRESH_TIMEOUT_MS } from '../../../shared/limits/api-limits.ts';
import type { TableStatus } from '../../../shared/placement/catalog-records.ts';
import type { StoragePort } from '../storage-port.ts';
import {
  catalogOutOfReach,
  internalServerError,
  modeledError,
  namedTableNotFound,
  serviceUnavailable,
  validationError,
} from './api-error.ts';

const NO_AUTO_ADMIN =
  'No auto-admin answered in time: tables cannot be created or deleted now, while reads and writes go on. The request may be repeated.';

export const IN_USE = 'Attempt to change a resource which is still in use: ';
const PROTECTED = 'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.';
const UNKNOWN_CREATION = 'Whether the table was created is unknown: an answer was lost. The request may be repeated.';

/** Brings what is known of tables up to date; throws ServiceUnavailable when that cannot be done. */
export async function freshTables(storage: StoragePort): Promise<void> {
  if (!(await storage.refreshTables(CATALOG_REFRESH_TIMEOUT_MS))) throw catalogOutOfReach();
}

/** The service's error for a table that is on its way to another state. */
export function tableBusy(name: string, status: TableStatus): Error {
  if (status === 'UPDATING') return modeledError('ResourceInUseException', `${IN_USE}Table: ${name} is in the process of being updated.`);
  return modeledError('ResourceInUseException', `${IN_USE}Table is being ${status === 'CREATING' ? 'created' : 'deleted'}: ${name}`);
}

/** A table is not deleted while one of its global indexes is on its way. */
export function indexesInMotion(): Error {
  return modeledError('ResourceInUseException', `${IN_USE}Cannot delete table while indexes are being created, updated, or deleted.`);
}

/** One that is being created is told of as every change of it is. */
export function tableExists(name: string, status?: TableStatus): Error {
  if (status === 'CREATING') return tableBusy(name, status);
  return modeledError('ResourceInUseException', `Table already exists: ${name}`);
}

/** Nothing was asked to change; the SDKs repeat it. */
export function quotasFailure(error: unknown): unknown {
  return error instanceof AdminCallError ? serviceUnavailable(`No auto-admin answered in time. Reason: ${error.message}`) : error;
}

/** What a refused change of a table means for the client. `busy`: what the table is busy with when it is. */
export function tableChangeFailure(error: unknown, name: string, busy: 'CREATING' | 'DELETING'): unknown {
  if (!(error instanceof AdminCallError)) return error;
  const taken = error.code === 'table-exists' || error.code === 'name-changed';
  // The name was free when the creation was sent: whether it is taken by, or after, what an earlier copy made nobody knows.
  if (taken && error instanceof RefusedAfterLossError) return internalServerError(UNKNOWN_CREATION);
  switch (error.code) {
    case 'table-exists':
      return tableExists(name);
    case 'table-not-found':
      return namedTableNotFound(name);
    case 'table-busy':
      return tableBusy(name, busy);
    case 'table-updating':
      return tableBusy(name, 'UPDATING');
    case 'table-iops-updating':
      return modeledError('ResourceInUseException', `${IN_USE}Table IOPS are currently being updated. Table: ${name}`);
    case 'table-protected':
      return validationError(PROTECTED);
    case 'change-invalid':
      return validationError(error.message);
    case 'change-limit':
      return modeledError('LimitExceededException', error.message);
    case 'change-throttled':
      return modeledError('ThrottlingException', error.message);
    case 'change-in-use':
      return modeledError('ResourceInUseException', error.message);
    case 'change-not-found':
      return modeledError('ResourceNotFoundException', error.message);
    case 'table-too-large':
      return modeledError('LimitExceededException', `The table's throughput is too large: ${error.message}`);
    case UNAVAILABLE:
      return internalServerError(`${NO_AUTO_ADMIN} Reason: ${error.message}`);
    default:
      return internalServerError(`The table could not be changed now (${error.code}); the request may be repeated.`);
  }
}
