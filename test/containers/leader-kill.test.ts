import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import {
  DockerComposeEnvironment,
  getContainerRuntimeClient,
  type StartedDockerComposeEnvironment,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { freePorts } from '../harness/free-ports.ts';
import { valuesIn } from '../harness/scrape.ts';

/**
 * The compose file as it is shipped, with the leader's container killed under load. Needs a container engine with Compose and
 * the base image of deploy/docker/Dockerfile.
 */
const COMPOSE_FOLDER = fileURLToPath(new URL('../../../deploy/compose', import.meta.url));
const TABLE = 'acknowledged';
const WRITERS = 16;
const BEFORE_KILL = 500;
const WHILE_DOWN = 1_000;
const AFTER_RESTART = 500;
const METRICS_SCRIPT = "fetch('http://127.0.0.1:9100/metrics').then((answer) => answer.text()).then((text) => process.stdout.write(text))";

let environment: StartedDockerComposeEnvironment;
let client: DynamoDBClient;
const nodes = new Map<string, StartedTestContainer>();

before(async () => {
  const port = await freePorts(1);
  const secretAccessKey = randomBytes(20).toString('hex');
  environment = await new DockerComposeEnvironment(COMPOSE_FOLDER, 'compose.yaml')
    .withBuild()
    .withEnvironment({ PORT: String(port), ACCESS_KEY_ID: 'CONTAINERS', SECRET_ACCESS_KEY: secretAccessKey })
    .withDefaultWaitStrategy(Wait.forHealthCheck())
    .up();
  client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'CONTAINERS', secretAccessKey },
    maxAttempts: 5,
  });
  // Compose 1 joins the words of a container's name by `_`, Compose 2 by `-`.
  for (const name of ['node-a', 'node-b', 'node-c']) nodes.set(name, containerOf(name));
});

after(async () => {
  client?.destroy();
  await environment?.down({ removeVolumes: true });
});

function containerOf(service: string): StartedTestContainer {
  try {
    return environment.getContainer(`${service}-1`);
  } catch {
    return environment.getContainer(`${service}_1`);
  }
}

async function groupsLed(container: StartedTestContainer): Promise<number> {
  const { output, exitCode } = await container.exec(['node', '-e', METRICS_SCRIPT]);
  assert.equal(exitCode, 0, output);
  return valuesIn(output, 'stator_storage_node_groups_led').reduce((sum, led) => sum + led, 0);
}

/** Puts items with numbers in their own order until told to stop, and keeps those that were acknowledged. */
class Writers {
  readonly acknowledged = new Map<number, string>();
  failed = 0;
  #next = 0;
  #running = true;
  readonly #waiting: { count: number; resolve: () => void }[] = [];
  readonly #work: Promise<void>[] = [];

  start(): void {
    for (let writer = 0; writer < WRITERS; writer++) this.#work.push(this.#write());
  }

  /** Resolves when so many more writes are acknowledged than now. */
  more(count: number): Promise<void> {
    const reached = this.acknowledged.size + count;
    return new Promise((resolve) => this.#waiting.push({ count: reached, resolve }));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#work);
  }

  async #write(): Promise<void> {
    while (this.#running) {
      const number = this.#next++;
      const text = randomBytes(300).toString('base64');
      try {
        await client.send(new PutItemCommand({ TableName: TABLE, Item: { id: { S: `item-${number}` }, text: { S: text } } }));
      } catch {
        this.failed++;
        continue;
      }
      this.acknowledged.set(number, text);
      const reached = this.#waiting.filter(({ count }) => count <= this.acknowledged.size);
      for (const each of reached) {
        this.#waiting.splice(this.#waiting.indexOf(each), 1);
        each.resolve();
      }
    }
  }
}

test('no acknowledged item is lost when the container of the leader is killed under load', { timeout: 300_000 }, async (context) => {
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { TableName: TABLE });

  const led = await Promise.all([...nodes.values()].map(groupsLed));
  const [victim, container] = [...nodes][led.indexOf(Math.max(...led))] ?? assert.fail('no node');
  assert.ok(Math.max(...led) > 0, 'some node leads a partition');
  const engine = await getContainerRuntimeClient();

  const writers = new Writers();
  writers.start();
  await writers.more(BEFORE_KILL);
  await engine.container.getById(container.getId()).kill();
  context.diagnostic(`killed ${victim}, which led ${Math.max(...led)} partitions`);
  await writers.more(WHILE_DOWN);
  await engine.container.getById(container.getId()).start();
  await writers.more(AFTER_RESTART);
  await writers.stop();

  for (const [number, text] of writers.acknowledged) {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: TABLE, Key: { id: { S: `item-${number}` } }, ConsistentRead: true }),
    );
    assert.equal(Item?.['text']?.S, text, `item-${number} was acknowledged`);
  }
  const { size } = writers.acknowledged;
  context.diagnostic(JSON.stringify({ items: size, lost: 0, failedRequests: writers.failed, killed: victim }));
});
