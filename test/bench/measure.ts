import { fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import { metricValues } from '../harness/scrape.ts';
import { SigV4Signer } from '../harness/sigv4-signer.ts';
import type { LoadFigures, LoadOrder, LoadReport } from './load-generator.ts';
import { processCpuMicroseconds } from './process-cpu.ts';
import type { RunningTarget } from './target.ts';
import {
  type BenchOperation,
  type BenchRequest,
  type BenchTable,
  createTableRequest,
  describeTableRequest,
  MOVES,
  moves,
} from './workload.ts';

export interface LoadShape {
  readonly items: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Measurement extends LoadFigures {
  readonly target: string;
  readonly operation: BenchOperation;
  readonly requestsPerSecond: number;
  /** Microseconds of processor time for one success: each process of the target, and the load generator's own. */
  readonly cpuMicrosecondsByProcess: Readonly<Record<string, number>>;
  /** The same, summed over the target's processes. */
  readonly cpuMicroseconds: number;
  readonly generatorCpuMicroseconds: number;
  /** How long event loops of the target's stood still meanwhile; undefined where the target does not tell. */
  readonly loopLag: LoopLag | undefined;
}

/** The longest times, milliseconds. */
export interface LoopLag {
  readonly maxMs: number;
  /** Without the time that a process waited for a processor that another one had. */
  readonly ownMaxMs: number;
}

const GENERATOR_PROGRAM = fileURLToPath(new URL('./load-generator.js', import.meta.url));
const TABLE_DEADLINE_MS = 30_000;
const TABLE_POLL_MS = 100;

/** Creates the table and waits until it is ACTIVE. */
export async function createTable(target: RunningTarget, table: BenchTable): Promise<void> {
  await send(target, createTableRequest(table));
  const deadline = performance.now() + TABLE_DEADLINE_MS;
  for (;;) {
    const described = JSON.parse(await send(target, describeTableRequest(table))) as { Table: { TableStatus: string } };
    if (described.Table.TableStatus === 'ACTIVE') return;
    if (performance.now() > deadline) throw new Error(`the table is still ${described.Table.TableStatus} after 30 s`);
    await new Promise((resolve) => setTimeout(resolve, TABLE_POLL_MS));
  }
}

/** Puts every item once, in each of its moves; throws when one of them is refused. */
export async function loadItems(target: RunningTarget, operation: BenchOperation, shape: LoadShape): Promise<void> {
  const { connections, items } = shape;
  const figures = await generateLoad(target, { operation, connections, items, warmUpMs: 0 }, () => {});
  const puts = items * (moves(operation) ? MOVES : 1);
  if (figures.succeeded !== puts) {
    throw new Error(`only ${figures.succeeded} of ${puts} puts were done; the first failure: ${figures.firstFailure ?? 'none'}`);
  }
}

/** One operation under load for the shape's time, with the processor time that it cost. */
export async function measure(name: string, target: RunningTarget, operation: BenchOperation, shape: LoadShape): Promise<Measurement> {
  const samples: number[][] = [];
  // Reading the metric begins it anew.
  await loopLag(target);
  const figures = await generateLoad(target, { operation, ...shape }, (generatorPid) => {
    const pids = [...target.processes.map(({ pid }) => pid), generatorPid];
    samples.push(pids.map((pid) => processCpuMicroseconds(pid) ?? Number.NaN));
  });
  const [before, after] = samples;
  const perRequest = (before ?? []).map((start, position) => ((after?.[position] ?? Number.NaN) - start) / figures.succeeded);
  const ofTarget = perRequest.slice(0, -1);
  return {
    target: name,
    operation,
    ...figures,
    requestsPerSecond: (figures.succeeded * 1000) / figures.elapsedMs,
    cpuMicrosecondsByProcess: Object.fromEntries(target.processes.map((process, position) => [process.name, ofTarget[position] ?? 0])),
    cpuMicroseconds: ofTarget.reduce((sum, each) => sum + each, 0),
    generatorCpuMicroseconds: perRequest.at(-1) ?? Number.NaN,
    loopLag: await loopLag(target),
  };
}

/**
 * Runs a load generator in a process of its own. `sample` is called with its process id twice, when the measured time begins and
 * when it ends.
 */
async function generateLoad(
  target: RunningTarget,
  order: Omit<LoadOrder, 'host' | 'port' | 'credentials'>,
  sample: (generatorPid: number) => void,
): Promise<LoadFigures> {
  const { host, port, credentials } = target;
  const child = fork(GENERATOR_PROGRAM, { stdio: 'inherit' });
  try {
    child.send({ host, port, credentials, ...order } satisfies LoadOrder);
    for await (const [report] of on(child, 'message', { close: ['exit'] })) {
      sample(child.pid ?? 0);
      if ((report as LoadReport).kind === 'measured') return report as LoadFigures;
    }
    throw new Error('the load generator ended without a report');
  } finally {
    if (child.connected) child.disconnect();
  }
}

async function loopLag(target: RunningTarget): Promise<LoopLag | undefined> {
  const sources = target.processes.flatMap((process) => process.loopLag ?? []);
  if (sources.length === 0) return undefined;
  const greatestMs = async (kind: 'all' | 'own'): Promise<number> => {
    const lags = await Promise.all(sources.map(({ metricsPort, metrics }) => metricValues(metricsPort, metrics[kind])));
    return 1000 * Math.max(...lags.flat());
  };
  return { maxMs: await greatestMs('all'), ownMaxMs: await greatestMs('own') };
}

async function send(target: RunningTarget, request: BenchRequest): Promise<string> {
  const host = `${target.host}:${target.port}`;
  const body = Buffer.from(request.body);
  const {
    host: _host,
    'content-length': _length,
    ...headers
  } = new SigV4Signer(target.credentials).headers({
    host,
    action: request.action,
    body,
    timeMs: Date.now(),
  });
  const response = await fetch(`http://${host}/`, { method: 'POST', headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${request.action}: ${response.status} ${text}`);
  return text;
}
