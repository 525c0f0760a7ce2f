import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DevCluster } from '../../services/ctl/dev-cluster.ts';
import type { AdminCall } from '../../services/ctl/init.ts';
import type { Digest } from '../../services/shared/env/digest.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { type CityTable, TABLES } from './cities.ts';
import { nodeThatLeadsMost, type Victim } from './leaders.ts';
import { type LedPartitions, ledPartitions } from './led-partitions.ts';

export interface DisruptionParts {
  readonly directory: string;
  readonly cluster: DevCluster;
  readonly call: AdminCall;
  readonly client: DynamoDBClient;
  readonly digest: Digest;
  readonly acknowledgements: Acknowledgements;
  readonly note: (line: string) => void;
}

/** Finding the node and the keys of its partitions takes a while on a busy machine, so it begins earlier. */
const CHOOSE_AT = 0.3;
const KILL_AT = 0.5;
const RESTART_AT = 0.7;
/** A node that is killed when the load is as good as over proves nothing. */
const TOO_LATE = 0.9;

interface Chosen {
  readonly victim: Victim;
  readonly led: LedPartitions;
}

/** In the middle of the load, SIGKILL for the storage node that leads most partitions; it is started again before the end. */
export class Disruption {
  readonly #parts: DisruptionParts;
  #share = 0;
  #choosing: Promise<Chosen> | undefined;
  #killing: Promise<string> | undefined;
  #restarting: Promise<void> | undefined;

  constructor(parts: DisruptionParts) {
    this.#parts = parts;
  }

  /** To be told how much of the load is acknowledged, 0 to 1. */
  progress(share: number): void {
    this.#share = share;
    if (share >= CHOOSE_AT) this.#choosing ??= this.#choose();
    if (share >= KILL_AT && this.#choosing !== undefined) this.#killing ??= this.#kill(this.#choosing);
    if (share >= RESTART_AT && this.#killing !== undefined) this.#restarting ??= this.#restart(this.#killing);
  }

  /** After the load: waits until the node is back, and gives its name. Throws when it was not killed in time or does not come back. */
  async finish(): Promise<string> {
    const victim = await this.#killing;
    await this.#restarting;
    if (victim === undefined || this.#restarting === undefined) throw new Error('the load ended before a node was killed');
    return victim;
  }

  async #choose(): Promise<Chosen> {
    const { call, digest, directory } = this.#parts;
    const [victim, tableIds] = await Promise.all([nodeThatLeadsMost(directory), this.#tableIds()]);
    const led = await ledPartitions(call, `127.0.0.1:${victim.status.ports.grpc}`, tableIds, digest);
    if (led.groups.length === 0) throw new Error(`${victim.status.name} leads no partition of the demo's tables`);
    return { victim, led };
  }

  async #kill(choosing: Promise<Chosen>): Promise<string> {
    const { acknowledgements, cluster, note } = this.#parts;
    const { victim, led } = await choosing;
    const { name } = victim.status;
    if (this.#share > TOO_LATE) throw new Error('the load was over before a node was chosen: load more cities');
    note(`SIGKILL for ${name}, which leads ${victim.groupsLed} partitions, ${led.groups.length} of them of these tables`);
    acknowledgements.watch(led.groups, led.groupOf, performance.now());
    await cluster.killProcess(name);
    return name;
  }

  async #restart(killing: Promise<string>): Promise<void> {
    const name = await killing;
    const { cluster, note } = this.#parts;
    note(`starting ${name} again`);
    await cluster.startProcess(name);
  }

  async #tableIds(): Promise<ReadonlyMap<string, CityTable>> {
    const described = TABLES.map(async (table): Promise<[string, CityTable]> => {
      const { Table } = await this.#parts.client.send(new DescribeTableCommand({ TableName: table.name }));
      return [Table?.TableId ?? '', table];
    });
    return new Map(await Promise.all(described));
  }
}
