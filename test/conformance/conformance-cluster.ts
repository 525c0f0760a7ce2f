import { after } from 'node:test';
import { DynamoDBClient, waitUntilTableExists, waitUntilTableNotExists } from '@aws-sdk/client-dynamodb';
import { ProcessCluster } from '../harness/process-cluster.ts';

/** In seconds, for the SDK's waiter, which begins with two by default: long beside the life of these tables. */
const WAITING = { maxWaitTime: 60, minDelay: 0.1, maxDelay: 1 };

/** A client that hangs fails by its name, after far more time than any of them takes. */
export const TIMEOUT_MS = 300_000;

let shared: Promise<ConformanceCluster> | undefined;

/** The cluster that the clients of this process work against, and what they are told of it. Each of them keeps to tables of its own. */
export class ConformanceCluster {
  readonly #cluster: ProcessCluster;
  readonly #clients: DynamoDBClient[] = [];

  private constructor(cluster: ProcessCluster) {
    this.#cluster = cluster;
  }

  /** Started for the first client that asks; stopped when all tests of the process are over. */
  static shared(): Promise<ConformanceCluster> {
    // Items expire soon, and protection is switched off as soon as it was seen to hold.
    const settings = { STATOR_TTL_SWEEP_INTERVAL_MS: '1000', STATOR_DELETION_PROTECTION_PAUSE_MS: '0' };
    shared ??= ProcessCluster.start(settings).then((cluster) => new ConformanceCluster(cluster));
    return shared;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#cluster.port}`;
  }

  get region(): string {
    return this.#cluster.credentials.region;
  }

  get credentials(): { readonly accessKeyId: string; readonly secretAccessKey: string } {
    const { accessKeyId, secretAccessKey } = this.#cluster.credentials;
    return { accessKeyId, secretAccessKey };
  }

  /** What tools read from the environment, as `.stator/env` of a cluster says it; nothing of the machine's own settings counts. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL_DYNAMODB: this.endpoint,
      AWS_REGION: this.region,
      AWS_DEFAULT_REGION: this.region,
      AWS_ACCESS_KEY_ID: this.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.credentials.secretAccessKey,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  /** The SDK that the clients of this folder share. `maxAttempts` 1: what fails once has failed. */
  client(): DynamoDBClient {
    const { endpoint, region, credentials } = this;
    const client = new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 });
    this.#clients.push(client);
    return client;
  }

  /** For clients that create a table and leave the waiting to their user. */
  async untilActive(TableName: string): Promise<void> {
    await waitUntilTableExists({ client: this.client(), ...WAITING }, { TableName });
  }

  async untilGone(TableName: string): Promise<void> {
    await waitUntilTableNotExists({ client: this.client(), ...WAITING }, { TableName });
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#cluster.remove();
  }
}

after(async () => (await shared)?.stop());
