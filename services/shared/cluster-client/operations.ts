import type {
  ApplyChangesOperation,
  DeleteOperation,
  GetOperation,
  NumberedWrite,
  PutOperation,
  RangeOperation,
  StorageOperation,
  UpdateOperation,
} from '../wire/storage-operations.ts';

type WithoutNumber<Operation> = Operation extends NumberedWrite ? Omit<Operation, 'number'> : Operation;

/** An operation as callers ask for it: the client numbers writes itself. */
export type RequestedOperation = WithoutNumber<
  GetOperation | PutOperation | UpdateOperation | DeleteOperation | RangeOperation | ApplyChangesOperation
>;

/** A write of a client, which carries a number. */
export function isWrite(operation: RequestedOperation): operation is WithoutNumber<PutOperation | UpdateOperation | DeleteOperation> {
  return operation.kind === 'put' || operation.kind === 'update' || operation.kind === 'delete';
}

/** Objects and small fields of a request beside its byte strings and texts. */
const FIXED_BYTES = 256;
/** Of each change of an index. */
const CHANGE_BYTES = 64;

/** About what an operation takes in memory and on the wire. */
export function operationBytes(operation: StorageOperation): number {
  switch (operation.kind) {
    case 'get':
      return FIXED_BYTES + operation.key.length;
    case 'range': {
      const expressions = (operation.filter?.length ?? 0) + (operation.names?.length ?? 0) + (operation.values?.length ?? 0);
      return FIXED_BYTES + operation.low.length + (operation.high?.length ?? 0) + expressions;
    }
    case 'apply-changes':
      return operation.changes.reduce((bytes, { key, value }) => bytes + CHANGE_BYTES + key.length + (value?.length ?? 0), FIXED_BYTES);
    case 'put':
    case 'update':
    case 'delete': {
      const expressions = (operation.condition?.length ?? 0) + (operation.names?.length ?? 0) + (operation.values?.length ?? 0);
      const written =
        operation.kind === 'put'
          ? operation.item.length
          : operation.kind === 'update'
            ? operation.keyAttributes.length + operation.update.length
            : 0;
      return FIXED_BYTES + operation.key.length + expressions + written;
    }
  }
}
