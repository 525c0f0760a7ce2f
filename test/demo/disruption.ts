import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DevCluster } from '../../services/ctl/dev-cluster.ts';
import type { AdminCall } from '../../services/ctl/init.ts';
import type { Digest } from '../../services/shared/env/digest.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { type CityTable, TABLES } from './cities.ts';
import { nodeThatLeadsMost } from './leaders.ts';
import { ledPartitions } from './led-partitions.ts';

export interface DisruptionParts {
  readonly directory: string;
  readonly cluster: DevCluster;
  readonly call: AdminCall;
  readonly client: DynamoDBClient;
  readonly digest: Digest;
  readonly acknowledgements: Acknowledgements;
  readonly note: (line: string) => void;
}

const KILL_AT = 0.5;
const RESTART_AT = 0.7;

/** In the middle of the load, SIGKILL for the storage node that leads most partitions; it is started again before the end. */
export class Disruption {
  readonly #parts: DisruptionParts;
  #victim: string | undefined;
  #killing: Promise<void> | undefined;
  #restarting: Promise<void> | undefined;

  constructor(parts: DisruptionParts) {
    this.#parts = parts;
  }

  /** To be told how much of the load is acknowledged, 0 to 1. */
  progress(share: number): void {
    if (share >= KILL_AT) this.#killing ??= this.#kill();
    if (share >= RESTART_AT && this.#killing !== undefined) this.#restarting ??= this.#restart(this.#killing);
  }

  /** After the load: waits until the node is back, and gives its name. Throws when the node was not killed or does not come back. */
  async finish(): Promise<string> {
    await this.#killing;
    await this.#restarting;
    if (this.#victim === undefined || this.#restarting === undefined) throw new Error('the load ended before a node was killed');
    return this.#victim;
  }

  async #kill(): Promise<void> {
    const { acknowledgements, call, cluster, digest, directory, note } = this.#parts;
    const { status, groupsLed } = await nodeThatLeadsMost(directory);
    const led = await ledPartitions(call, `127.0.0.1:${status.ports.grpc}`, await this.#tableIds(), digest);
    if (led.groups.length === 0) throw new Error(`${status.name} leads no partition of the demo's tables`);
    acknowledgements.watch(led.groups, led.groupOf, performance.now());
    note(`SIGKILL for ${status.name}, which leads ${groupsLed} partitions, ${led.groups.length} of them of these tables`);
    await cluster.killProcess(status.name);
    this.#victim = status.name;
  }

  async #restart(killed: Promise<void>): Promise<void> {
    await killed;
    const { cluster, note } = this.#parts;
    note(`starting ${this.#victim} again`);
    await cluster.startProcess(this.#victim ?? '');
  }

  async #tableIds(): Promise<ReadonlyMap<string, CityTable>> {
    const ids = new Map<string, CityTable>();
    for (const table of TABLES) {
      const { Table } = await this.#parts.client.send(new DescribeTableCommand({ TableName: table.name }));
      ids.set(Table?.TableId ?? '', table);
    }
    return ids;
  }
}
