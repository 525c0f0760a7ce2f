import { decreasesToday } from '../../../shared/placement/table-history.ts';
import type { TableHistory } from '../../../shared/placement/table-history.ts';
import { partitionsFor, warmThroughput } from '../../../shared/placement/table-settings.ts';
import type { OnDemandThroughput, Throughput } from '../../../shared/placement/table-settings.ts';

/** Capacity as the service describes it, of a table or of a global index. */
export interface Capacity {
  /** Of a provisioned one. */
  readonly throughput?: Throughput;
  readonly onDemandThroughput?: OnDemandThroughput;
  readonly warmThroughput?: Throughput;
  readonly history?: TableHistory;
}

export function describeThroughput({ throughput, history = {} }: Capacity, nowMs: number): object {
  const { throughputRaisedAtMs, throughputLoweredAtMs } = history;
  return {
    ...(throughputRaisedAtMs === undefined ? undefined : { LastIncreaseDateTime: seconds(throughputRaisedAtMs) }),
    ...(throughputLoweredAtMs === undefined ? undefined : { LastDecreaseDateTime: seconds(throughputLoweredAtMs) }),
    NumberOfDecreasesToday: decreasesToday(history, nowMs),
    ReadCapacityUnits: throughput?.readUnits ?? 0,
    WriteCapacityUnits: throughput?.writeUnits ?? 0,
  };
}

export function describeMaxima({ onDemandThroughput: maxima }: Capacity): object | undefined {
  if (maxima === undefined) return undefined;
  return { OnDemandThroughput: { MaxReadRequestUnits: maxima.maxReadUnits, MaxWriteRequestUnits: maxima.maxWriteUnits } };
}

/**
 * The service says nothing of it while a table or index is being created, unless it was asked for. It is UPDATING as long as there are
 * fewer partitions than it takes.
 */
export function describeWarmThroughput(capacity: Capacity, status: string, partitionCount: number): object | undefined {
  if (status === 'CREATING' && capacity.warmThroughput === undefined) return undefined;
  const warm = warmThroughput(capacity);
  const Status = status === 'CREATING' || partitionsFor(warm) > partitionCount ? 'UPDATING' : 'ACTIVE';
  return { WarmThroughput: { ReadUnitsPerSecond: warm.readUnits, WriteUnitsPerSecond: warm.writeUnits, Status } };
}

/** Times are seconds in answers. */
export function seconds(ms: number): number {
  return ms / 1000;
}
