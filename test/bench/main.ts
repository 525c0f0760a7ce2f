import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DynaliteTarget } from './dynalite-target.ts';
import { createTable, type LoadShape, loadItems, type Measurement, measure } from './measure.ts';
import { indexCosts, indexCostTable, MEASUREMENT_HEADING, measurementLine, ratios, ratioTable, summary } from './report.ts';
import { StatorTarget } from './stator-target.ts';
import type { Target } from './target.ts';
import { type BenchOperation, moves, OPERATIONS, tableOf } from './workload.ts';

const HELP = `Measures Stator against dynalite, in one run on one machine.
  --only NAMES       targets, separated by commas: stator, dynalite-disk, dynalite-memory (all)
  --ops NAMES        operations, separated by commas: ${OPERATIONS.join(', ')} (all)
  --seconds N        measured time for each operation (5)
  --warm-up N        seconds before it (1)
  --connections N    keep-alive connections, each with one request under way (64)
  --items N          items of 900 bytes in the table (10000)
  --port N           first port (8400)
  --dir DIR          folder for the data, on the disk that is to be measured (.stator/bench)`;

/** How long an event loop of ours may stand still on its own account. What it waits for a processor is the machine's, which has fewer of them than the bench has processes. */
const OWN_LOOP_LAG_LIMIT_MS = 50;

interface BenchOptions {
  readonly targets: readonly Target[];
  readonly operations: readonly BenchOperation[];
  readonly shape: LoadShape;
}

function readOptions(): BenchOptions | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: 'stator,dynalite-disk,dynalite-memory' },
      ops: { type: 'string', default: OPERATIONS.join(',') },
      seconds: { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '1' },
      connections: { type: 'string', default: '64' },
      items: { type: 'string', default: '10000' },
      port: { type: 'string', default: '8400' },
      dir: { type: 'string', default: '.stator/bench' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const port = wholeNumber('port', values.port);
  const folder = resolve(values.dir);
  const known: readonly Target[] = [
    new StatorTarget(join(folder, 'stator'), port),
    new DynaliteTarget('dynalite-disk', port, join(folder, 'dynalite')),
    new DynaliteTarget('dynalite-memory', port, undefined),
  ];
  return {
    targets: chosen('target', values.only, known, ({ name }) => name),
    operations: chosen('operation', values.ops, OPERATIONS, (name) => name),
    shape: {
      items: wholeNumber('items', values.items),
      connections: wholeNumber('connections', values.connections),
      warmUpMs: 1000 * wholeNumber('warm-up', values['warm-up']),
      measureMs: 1000 * wholeNumber('seconds', values.seconds),
    },
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number, not ${text}`);
  return value;
}

function chosen<T>(what: string, list: string, known: readonly T[], nameOf: (each: T) => string): T[] {
  return list.split(',').map((name) => {
    const found = known.find((each) => nameOf(each) === name);
    if (found === undefined) throw new Error(`unknown ${what} ${name}; known: ${known.map(nameOf).join(', ')}`);
    return found;
  });
}

async function measureTarget(target: Target, options: BenchOptions): Promise<Measurement[]> {
  const running = await target.start();
  try {
    const tables = new Set<string>();
    const measurements: Measurement[] = [];
    for (const operation of options.operations) {
      const table = tableOf(operation);
      if (!tables.has(table.name)) {
        await createTable(running, table);
        await loadItems(running, moves(operation) ? operation : 'put', options.shape);
        tables.add(table.name);
      }
      const measurement = await measure(target.name, running, operation, options.shape);
      console.log(measurementLine(measurement));
      if (measurement.firstFailure !== undefined) console.log(`  first failure: ${measurement.firstFailure}`);
      measurements.push(measurement);
    }
    return measurements;
  } finally {
    await running.stop();
  }
}

/** A run that did nothing is a failure, whatever it printed; so is an event loop of ours that stood still. */
function findFailures(measurements: readonly Measurement[]): string[] {
  const failures: string[] = [];
  for (const { target, operation, succeeded, loopLag } of measurements) {
    if (succeeded === 0) failures.push(`no ${operation} succeeded on ${target}`);
    if (loopLag !== undefined && loopLag.ownMaxMs > OWN_LOOP_LAG_LIMIT_MS) {
      failures.push(`an event loop of ${target} stood still for ${loopLag.ownMaxMs.toFixed(0)} ms of its own during ${operation}`);
    }
  }
  return failures;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    console.log(HELP);
    return;
  }
  const { connections, items, measureMs } = options.shape;
  console.log(
    `${connections} connections, ${items} items of 900 bytes, ${measureMs / 1000} s for each operation, ${availableParallelism()} cores`,
  );
  console.log(MEASUREMENT_HEADING);
  const measurements: Measurement[] = [];
  for (const target of options.targets) measurements.push(...(await measureTarget(target, options)));
  const compared = ratios(measurements, 'stator');
  if (compared.length > 0) console.log(ratioTable(compared));
  const costs = indexCosts(measurements);
  if (costs.length > 0) console.log(indexCostTable(costs));
  const failures = findFailures(measurements);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
  console.log(
    JSON.stringify({
      cores: availableParallelism(),
      ...options.shape,
      ratios: compared,
      indexCosts: costs,
      measurements: measurements.map(summary),
    }),
  );
}

await main();
