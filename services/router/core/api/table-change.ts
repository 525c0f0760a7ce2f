import { UNAVAILABLE } from '../../../shared/cluster-client/auto-admin-client.ts';
import { AdminCallError } from '../../../shared/env/transport.ts';
import { internalServerError, modeledError, namedTableNotFound } from './api-error.ts';

const NO_AUTO_ADMIN =
  'No auto-admin answered in time: tables cannot be created or deleted now, while reads and writes go on. The request may be repeated.';

/** The service's error for a table that is on its way to another state. */
export function tableBusy(name: string, status: 'CREATING' | 'DELETING'): Error {
  const doing = status === 'CREATING' ? 'created' : 'deleted';
  return modeledError('ResourceInUseException', `Attempt to change a resource which is still in use: Table is being ${doing}: ${name}`);
}

export function tableExists(name: string): Error {
  return modeledError('ResourceInUseException', `Table already exists: ${name}`);
}

/** What a refused CreateTable or DeleteTable means for the client. `busy`: what the table is busy with when it is. */
export function tableChangeFailure(error: unknown, name: string, busy: 'CREATING' | 'DELETING'): unknown {
  if (!(error instanceof AdminCallError)) return error;
  if (error.code === 'table-exists') return tableExists(name);
  if (error.code === 'table-not-found') return namedTableNotFound(name);
  if (error.code === 'table-busy') return tableBusy(name, busy);
  if (error.code === 'table-too-large')
    return modeledError('LimitExceededException', `The table's throughput is too large: ${error.message}`);
  if (error.code === UNAVAILABLE) return internalServerError(`${NO_AUTO_ADMIN} Reason: ${error.message}`);
  return internalServerError(`The table could not be changed now (${error.code}); the request may be repeated.`);
}
