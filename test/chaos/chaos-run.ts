import { DeleteTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { must } from '../../services/shared/base/assert.ts';
import { Prng } from '../../services/shared/base/prng.ts';
import { CheckedLoad } from '../harness/checked-load.ts';
import type { ProcessCluster } from '../harness/process-cluster.ts';
import { RegisterLoad } from '../harness/register-load.ts';
import { roundsOf } from '../harness/rounds.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { TablePartitions } from '../harness/table-partitions.ts';
import { ALL_PROCESSES, type Fault, type Victim } from './faults/fault.ts';
import type { ChaosDisks } from './faults/chaos-disks.ts';
import type { ProxiedNetwork } from './network/proxied-network.ts';
import type { ChaosCluster } from './chaos-cluster.ts';
import { Timeline } from './report/timeline.ts';

/** Clients of the checked load; and the pause of those that contend for few items, whose histories grow hard to check. */
const CONNECTIONS = 24;
const REGISTER_REST_MS = 20;
/** Pause of each client between two steps: the machine shall be busy with the fault, not with the load. */
const REST_MS = 20;
/** Acknowledged requests before the fault and after it. */
const STRETCH = 400;
/** Of the log of a process that is not there any more. */
const LOG_CHARACTERS = 1000;

export interface ChaosRunResult {
  readonly fault: string;
  readonly run: number;
  readonly operations: number;
  readonly failed: number;
  /** From the fault to the end of the load, in the partition where it was longest. */
  readonly longestGapMs: number;
  /** From the end of the fault until every partition had acknowledged a write again. */
  readonly backAfterMs: number | undefined;
  /** Ballots begun from the fault to the end, over all partitions of the table; undefined when not all nodes could be asked. */
  readonly elections: number | undefined;
  /** What the fault itself measured. */
  readonly figures: Readonly<Record<string, number>>;
  readonly timeline: Timeline;
  /** Undefined: everything was as promised. */
  readonly violation: string | undefined;
}

/** One run of a fault: a table of its own, load, harm, repair, more load, and every check at the end. */
export async function runChaos(fault: Fault, chaos: ChaosCluster, number: number, secondsMax: number): Promise<ChaosRunResult> {
  const run = new ChaosRun(fault, chaos, number, secondsMax);
  let violation: string | undefined;
  try {
    await run.carryOut();
  } catch (error) {
    violation = error instanceof Error ? error.message : String(error);
  }
  return run.result(violation);
}

class ChaosRun implements Victim {
  readonly cluster: ProcessCluster;
  readonly load: CheckedLoad;
  readonly random: Prng;
  readonly secondsMax: number;
  readonly table: string;
  readonly #fault: Fault;
  readonly #chaos: ChaosCluster;
  readonly #number: number;
  readonly #registers: RegisterLoad;
  readonly #figures: Record<string, number> = {};
  #startMs = performance.now();
  #timeline = new Timeline([], this.#startMs);
  #beganMs = this.#startMs;
  #healedMs = this.#startMs;
  #endMs: number | undefined;
  #elections: number | undefined;

  constructor(fault: Fault, chaos: ChaosCluster, number: number, secondsMax: number) {
    const { cluster } = chaos;
    this.cluster = cluster;
    // The fault alone draws from it: what a run draws must not depend on how far a load has come.
    this.random = new Prng(number);
    this.secondsMax = secondsMax;
    this.#fault = fault;
    this.#chaos = chaos;
    this.#number = number;
    this.table = `Chaos-${number}`;
    this.load = new CheckedLoad(cluster.client(), this.table, 'checked', CONNECTIONS);
    this.load.restMs = REST_MS;
    this.#registers = new RegisterLoad(cluster.client(), this.table, 'registers', new Prng(number), REGISTER_REST_MS);
  }

  get network(): ProxiedNetwork {
    return must(this.#chaos.network, `${this.#fault.name} asked for no network`);
  }

  get disks(): ChaosDisks {
    return must(this.#chaos.disks, `${this.#fault.name} asked for no disks`);
  }

  began(label: string): void {
    this.#beganMs = performance.now();
    this.#timeline.mark(label, this.#beganMs);
  }

  healed(label: string): void {
    this.#healedMs = performance.now();
    this.#timeline.mark(label, this.#healedMs);
  }

  figure(name: string, value: number): void {
    this.#figures[name] = value;
  }

  /** Rejects when something was not as promised. */
  async carryOut(): Promise<void> {
    const partitions = await makeTable(this.cluster, this.table);
    const roundsBefore = await roundsOf(this.cluster, partitions.groups);
    this.#startMs = performance.now();
    this.#timeline = new Timeline(partitions.groups, this.#startMs);
    watch(this.load, this.#timeline, partitions);
    await this.load.during(() =>
      this.#registers.during(async () => {
        await this.load.more(STRETCH);
        await this.#fault.inflict(this);
        await this.load.everyClientWrites();
        await this.load.more(STRETCH);
        this.#endMs = performance.now();
      }),
    );
    await this.#verify();
    this.#elections = (await roundsOf(this.cluster, partitions.groups)) - roundsBefore;
    await removeTable(this.cluster, this.table);
  }

  result(violation: string | undefined): ChaosRunResult {
    const endMs = this.#endMs ?? performance.now();
    return {
      fault: this.#fault.name,
      run: this.#number,
      operations: this.load.figures.acknowledged + this.#registers.operations,
      failed: this.load.figures.failed,
      longestGapMs: this.#timeline.longestGapMs(this.#beganMs - this.#startMs, endMs - this.#startMs),
      backAfterMs: this.#timeline.backAfterMs(this.#healedMs - this.#startMs),
      elections: this.#elections,
      figures: this.#figures,
      timeline: this.#timeline,
      violation,
    };
  }

  /** Nothing acknowledged is lost, nothing was done twice, the histories have an order, the copies are equal, and nobody died of it. */
  async #verify(): Promise<void> {
    for (const name of ALL_PROCESSES) {
      if (await this.cluster.isRunning(name)) continue;
      throw new Error(`${name} ended by itself; its log ends: ${(await this.cluster.log(name)).slice(-LOG_CHARACTERS)}`);
    }
    await this.load.verify(this.cluster.client(5));
    this.#registers.verify();
    await assertEqualReplicas(this.cluster);
  }
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
