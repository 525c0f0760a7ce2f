import { DAY_MS } from '../base/civil-date.ts';
import type { RecordFields } from './record-fields.ts';

/** When a table's settings changed, as far as answers tell it or rules ask for it. Times are milliseconds of wall-clock time. */
export interface TableHistory {
  /** The last change to PAY_PER_REQUEST, or the creation with it; absent: the table was never on demand. */
  readonly onDemandAtMs?: number;
  readonly throughputRaisedAtMs?: number;
  readonly throughputLoweredAtMs?: number;
  /** How often it was lowered on the UTC day of `throughputLoweredAtMs`. */
  readonly throughputDecreases?: number;
  /** The last changes of the table class, oldest first; those that no rule asks for any more are left out. */
  readonly tableClassAtMs?: readonly number[];
  /** The last switches from provisioned to on-demand capacity, likewise. */
  readonly onDemandSwitchesAtMs?: readonly number[];
  readonly deletionProtectionAtMs?: number;
  /** The first change of the encryption within the present window, and the last one. */
  readonly encryptionWindowAtMs?: number;
  readonly encryptionAtMs?: number;
  /** How often it was changed since `encryptionWindowAtMs`. */
  readonly encryptionChanges?: number;
}

export function readTableHistory(fields: RecordFields): TableHistory {
  const time = (name: keyof TableHistory): object => (fields.has(name) ? { [name]: fields.integer(name) } : {});
  return {
    ...time('onDemandAtMs'),
    ...time('throughputRaisedAtMs'),
    ...time('throughputLoweredAtMs'),
    ...time('throughputDecreases'),
    ...(fields.has('tableClassAtMs') ? { tableClassAtMs: fields.integers('tableClassAtMs') } : {}),
    ...(fields.has('onDemandSwitchesAtMs') ? { onDemandSwitchesAtMs: fields.integers('onDemandSwitchesAtMs') } : {}),
    ...time('deletionProtectionAtMs'),
    ...time('encryptionWindowAtMs'),
    ...time('encryptionAtMs'),
    ...time('encryptionChanges'),
  };
}

/** How often the throughput was lowered on the UTC day of `nowMs`. */
export function decreasesToday({ throughputLoweredAtMs, throughputDecreases }: TableHistory, nowMs: number): number {
  return throughputLoweredAtMs !== undefined && utcDay(throughputLoweredAtMs) === utcDay(nowMs) ? (throughputDecreases ?? 0) : 0;
}

/** Days since the epoch. */
export function utcDay(ms: number): number {
  return Math.floor(ms / DAY_MS);
}
