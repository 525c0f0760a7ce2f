import type { Measurement } from './measure.ts';
import { tableOf } from './workload.ts';

/** Widths of the table's columns; negative: aligned to the left. */
const COLUMNS = [-17, -14, 11, 8, 8, 8, 8, 8, 11, 9];

/** Throughput against each peer: more than 1 means that Stator is faster. */
export interface Ratio {
  readonly operation: string;
  readonly against: string;
  readonly throughput: number;
  /** Processor time for one request, theirs by ours. */
  readonly cpu: number;
}

/** Every operation that both the first target and a peer were measured with. */
export function ratios(measurements: readonly Measurement[], own: string): Ratio[] {
  const result: Ratio[] = [];
  for (const ours of measurements.filter(({ target }) => target === own)) {
    for (const theirs of measurements.filter(({ target, operation }) => target !== own && operation === ours.operation)) {
      result.push({
        operation: ours.operation,
        against: theirs.target,
        throughput: rounded(ours.requestsPerSecond / theirs.requestsPerSecond, 2),
        cpu: rounded(theirs.cpuMicroseconds / ours.cpuMicroseconds, 2),
      });
    }
  }
  return result;
}

/** What indexes add to a put. */
export interface IndexCost {
  readonly target: string;
  readonly operation: string;
  /** Microseconds of processor time that the put costs more than one into a table without indexes, for each index. */
  readonly cpuMicrosecondsByIndex: number;
  /** Throughput against that of puts into a table without indexes. */
  readonly throughput: number;
}

/** Of every target that was measured with and without indexes. */
export function indexCosts(measurements: readonly Measurement[]): IndexCost[] {
  return measurements.flatMap((measured) => {
    const { localIndexes, globalIndexes } = tableOf(measured.operation);
    const indexes = localIndexes + globalIndexes;
    const without = measurements.find(({ target, operation }) => target === measured.target && operation === 'put-indexes-0');
    if (indexes === 0 || without === undefined) return [];
    return {
      target: measured.target,
      operation: measured.operation,
      cpuMicrosecondsByIndex: rounded((measured.cpuMicroseconds - without.cpuMicroseconds) / indexes, 0),
      throughput: rounded(measured.requestsPerSecond / without.requestsPerSecond, 2),
    };
  });
}

export function indexCostTable(all: readonly IndexCost[]): string {
  const rows = all.map(
    ({ target, operation, cpuMicrosecondsByIndex, throughput }) =>
      `${target.padEnd(17)}${operation.padEnd(14)}${String(cpuMicrosecondsByIndex).padStart(6)} CPU µs for each index, ` +
      `${throughput.toFixed(2)} x the throughput without indexes`,
  );
  return rows.join('\n');
}

/** One line of figures, under `MEASUREMENT_HEADING`. */
export function measurementLine(measurement: Measurement): string {
  const { target, operation, failed, p50Ms, p99Ms, maxMs, cpuMicroseconds, generatorCpuMicroseconds, loopLag } = measurement;
  const processes = Object.entries(measurement.cpuMicrosecondsByProcess).map(
    ([name, microseconds]) => `${name} ${microseconds.toFixed(0)}`,
  );
  return line([
    target,
    operation,
    measurement.requestsPerSecond.toFixed(0),
    String(failed),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    maxMs.toFixed(0),
    cpuMicroseconds.toFixed(0),
    generatorCpuMicroseconds.toFixed(0),
    loopLag?.maxMs.toFixed(0) ?? '-',
    loopLag?.ownMaxMs.toFixed(0) ?? '-',
    processes.length > 1 ? processes.join(', ') : '',
  ]);
}

const HEADINGS = [
  'target',
  'operation',
  'requests/s',
  'failed',
  'p50 ms',
  'p99 ms',
  'max ms',
  'CPU µs',
  'generator',
  'loop ms',
  'own ms',
  'by process',
];
export const MEASUREMENT_HEADING = line(HEADINGS);

export function ratioTable(all: readonly Ratio[]): string {
  const rows = all.map(
    ({ operation, against, throughput, cpu }) =>
      `${operation.padEnd(14)}${throughput.toFixed(2).padStart(6)} x the throughput of ${against} (${cpu.toFixed(2)} x its work for the same processor time)`,
  );
  return rows.join('\n');
}

/** The figures as they stand in the last line of the output. */
export function summary(measurement: Measurement): Record<string, unknown> {
  const byProcess = Object.entries(measurement.cpuMicrosecondsByProcess);
  return {
    target: measurement.target,
    operation: measurement.operation,
    requestsPerSecond: rounded(measurement.requestsPerSecond, 0),
    failed: measurement.failed,
    p50Ms: rounded(measurement.p50Ms, 2),
    p99Ms: rounded(measurement.p99Ms, 2),
    maxMs: rounded(measurement.maxMs, 1),
    cpuMicroseconds: rounded(measurement.cpuMicroseconds, 1),
    cpuMicrosecondsByProcess: Object.fromEntries(byProcess.map(([name, microseconds]) => [name, rounded(microseconds, 1)])),
    generatorCpuMicroseconds: rounded(measurement.generatorCpuMicroseconds, 1),
    loopLagMaxMs: measurement.loopLag === undefined ? null : rounded(measurement.loopLag.maxMs, 1),
    ownLoopLagMaxMs: measurement.loopLag === undefined ? null : rounded(measurement.loopLag.ownMaxMs, 1),
  };
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, column) => {
      const width = COLUMNS[column];
      if (width === undefined) return cell === '' ? '' : `  ${cell}`;
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
    })
    .join('');
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
