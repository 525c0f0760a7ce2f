import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { type ProcessCluster, STORAGE_NODES } from './process-cluster.ts';

interface Partition {
  readonly group: number;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

/** Which partition holds which key, for a table with the partition key `pk` of type S and nothing else. */
export class TablePartitions {
  readonly #partitions: readonly Partition[];

  private constructor(partitions: readonly Partition[]) {
    this.#partitions = partitions;
  }

  /** As the replicas themselves say; all storage nodes must be up. */
  static async of(cluster: ProcessCluster, tableId: string): Promise<TablePartitions> {
    const { replicas } = await cluster.describe(STORAGE_NODES[0]);
    const groups = replicas.filter((replica) => replica.group !== CATALOG_GROUP && replica.tableId === tableId);
    if (groups.length === 0) throw new Error(`${STORAGE_NODES[0]} holds no partition of table ${tableId}`);
    const partitions = groups.map(async ({ group }) => {
      const { low, high } = await cluster.inspect(STORAGE_NODES[0], group);
      return { group, low, high };
    });
    return new TablePartitions(await Promise.all(partitions));
  }

  get groups(): number[] {
    return this.#partitions.map(({ group }) => group);
  }

  groupOf(key: string): number {
    const bytes = encodeKey({ partition: { name: 'pk', type: 'S' } }, { pk: { S: key } }, nodeDigest);
    const holds = ({ low, high }: Partition): boolean =>
      Buffer.compare(low, bytes) <= 0 && (high.length === 0 || Buffer.compare(bytes, high) < 0);
    const partition = this.#partitions.find(holds);
    if (partition === undefined) throw new Error(`no partition holds ${key}`);
    return partition.group;
  }
}
