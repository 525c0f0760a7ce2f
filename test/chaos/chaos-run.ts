import { DeleteTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { must } from '../../services/shared/base/assert.ts';
import { Prng } from '../../services/shared/base/prng.ts';
import { CheckedLoad } from '../harness/checked-load.ts';
import type { ProcessCluster } from '../harness/process-cluster.ts';
import { RegisterLoad } from '../harness/register-load.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { TablePartitions } from '../harness/table-partitions.ts';
import { ALL_PROCESSES, type Fault, type Victim } from './faults/fault.ts';
import type { ChaosCluster } from './chaos-cluster.ts';
import { Timeline } from './report/timeline.ts';

/** Clients of the checked load; and the pause of those that contend for few items, whose histories grow hard to check. */
const CONNECTIONS = 24;
const REGISTER_REST_MS = 20;
/** Acknowledged requests before the fault and after it. */
const STRETCH = 400;

export interface ChaosRunResult {
  readonly fault: string;
  readonly run: number;
  readonly operations: number;
  readonly failed: number;
  /** From the fault to the end of the load, in the partition where it was longest. */
  readonly longestGapMs: number;
  /** From the end of the fault until every partition had acknowledged a write again. */
  readonly backAfterMs: number | undefined;
  readonly timeline: Timeline;
  /** Undefined: everything was as promised. */
  readonly violation: string | undefined;
}

/** One run of a fault: a table of its own, load, harm, repair, more load, and every check at the end. */
export async function runChaos(fault: Fault, chaos: ChaosCluster, run: number, secondsMax: number): Promise<ChaosRunResult> {
  const { cluster } = chaos;
  const random = new Prng(run);
  const table = `Chaos-${run}`;
  const partitions = await makeTable(cluster, table);
  const startMs = performance.now();
  const timeline = new Timeline(partitions.groups, startMs);
  const load = new CheckedLoad(cluster.client(), table, 'checked', CONNECTIONS);
  const registers = new RegisterLoad(cluster.client(), table, 'registers', random, REGISTER_REST_MS);
  watch(load, timeline, partitions);
  let beganMs = startMs;
  let healedMs = startMs;
  const victim: Victim = {
    cluster,
    load,
    random,
    secondsMax,
    get network() {
      return must(chaos.network, `${fault.name} asked for no network`);
    },
    get disks() {
      return must(chaos.disks, `${fault.name} asked for no disks`);
    },
    began: (label) => {
      beganMs = performance.now();
      timeline.mark(label, beganMs);
    },
    healed: (label) => {
      healedMs = performance.now();
      timeline.mark(label, healedMs);
    },
  };
  let violation: string | undefined;
  let endMs: number | undefined;
  try {
    await load.during(() =>
      registers.during(async () => {
        await load.more(STRETCH);
        await fault.inflict(victim);
        await load.everyClientWrites();
        await load.more(STRETCH);
        endMs = performance.now();
      }),
    );
    await verify(cluster, load, registers);
    await removeTable(cluster, table);
  } catch (error) {
    violation = error instanceof Error ? error.message : String(error);
  }
  endMs ??= performance.now();
  return {
    fault: fault.name,
    run,
    operations: load.figures.acknowledged + registers.operations,
    failed: load.figures.failed,
    longestGapMs: timeline.longestGapMs(beganMs - startMs, endMs - startMs),
    backAfterMs: timeline.backAfterMs(healedMs - startMs),
    timeline,
    violation,
  };
}

/** Nothing acknowledged is lost, nothing was done twice, the histories have an order, the copies are equal, and nobody died of it. */
async function verify(cluster: ProcessCluster, load: CheckedLoad, registers: RegisterLoad): Promise<void> {
  for (const name of ALL_PROCESSES) {
    if (!(await cluster.isRunning(name)))
      throw new Error(`${name} ended by itself; its log ends: ${(await cluster.log(name)).slice(-1000)}`);
  }
  await load.verify(cluster.client(5));
  registers.verify();
  await assertEqualReplicas(cluster);
}

function watch(load: CheckedLoad, timeline: Timeline, partitions: TablePartitions): void {
  load.onEnded = ({ key, isWrite, acknowledged }) => {
    const nowMs = performance.now();
    if (!acknowledged) timeline.failed(nowMs);
    else if (isWrite) timeline.acknowledgedWrite(partitions.groupOf(key), nowMs);
    else timeline.acknowledgedRead(nowMs);
  };
}

async function makeTable(cluster: ProcessCluster, table: string): Promise<TablePartitions> {
  await cluster.createTable(table);
  const { Table } = await cluster.client(5).send(new DescribeTableCommand({ TableName: table }));
  return TablePartitions.of(cluster, must(Table?.TableId, 'a table has an id'));
}

async function removeTable(cluster: ProcessCluster, table: string): Promise<void> {
  await cluster.client(5).send(new DeleteTableCommand({ TableName: table }));
}
