import type { RecordFields } from './record-fields.ts';

/** A change of maxima. NO_MAXIMUM takes one away. */
export interface OnDemandChange {
  readonly maxReadUnits?: number;
  readonly maxWriteUnits?: number;
}

export const NO_MAXIMUM = -1;

/** Throws CatalogRecordError. */
export function readMaximaChange(fields: RecordFields): OnDemandChange {
  return {
    ...(fields.has('maxReadUnits') ? { maxReadUnits: fields.integer('maxReadUnits', NO_MAXIMUM) } : {}),
    ...(fields.has('maxWriteUnits') ? { maxWriteUnits: fields.integer('maxWriteUnits', NO_MAXIMUM) } : {}),
  };
}
