import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createAdminCall } from '../../services/ctl/admin-client.ts';
import { type DevSettings, readSettings } from '../../services/ctl/dev-settings.ts';
import { localCluster } from '../../services/ctl/local-cluster.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { type City, readCities, shuffledWrites } from './cities.ts';
import { Disruption } from './disruption.ts';
import { CityLoader, type LoadResult } from './load.ts';
import { ProgressBar } from './progress-bar.ts';
import { type Answers, askQuestions } from './questions.ts';
import { createTables } from './tables.ts';
import { type Verification, verify } from './verify.ts';

const HELP = `Loads the world's cities, kills a storage node on the way, and proves that nothing was lost.
  --dir DIR         folder of a cluster that \`make up\` started (.stator)
  --endpoint URL    load another DynamoDB-compatible service instead, without killing anything
  --cities N        only the first N cities (all)
  --concurrency N   batches under way at once (32)`;

const REQUEST_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 3_000;

interface DemoOptions {
  readonly directory: string;
  readonly endpoint: string | undefined;
  readonly cities: number;
  readonly concurrency: number;
}

function readOptions(): DemoOptions | undefined {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string', default: '.stator' },
      endpoint: { type: 'string' },
      cities: { type: 'string', default: '1000000' },
      concurrency: { type: 'string', default: '32' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { cities, concurrency } = values;
  for (const [name, text] of Object.entries({ cities, concurrency })) {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} must be a whole number above 0, not ${text}`);
  }
  return { directory: resolve(values.dir), endpoint: values.endpoint, cities: Number(cities), concurrency: Number(concurrency) };
}

async function settingsOf({ directory, endpoint }: DemoOptions): Promise<DevSettings | undefined> {
  if (endpoint !== undefined) return undefined;
  const settings = await readSettings(directory);
  if (settings === undefined) throw new Error(`there is no cluster in ${directory}; start one with \`make up\``);
  return settings;
}

function connect({ endpoint }: DemoOptions, settings: DevSettings | undefined): DynamoDBClient {
  const { region, accessKeyId, secretAccessKey } = settings ?? { region: 'us-east-1', accessKeyId: 'demo', secretAccessKey: 'demo' };
  return new DynamoDBClient({
    endpoint: endpoint ?? `http://127.0.0.1:${settings?.port}`,
    region,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS, connectionTimeout: CONNECT_TIMEOUT_MS },
  });
}

/** The demo from empty tables to its figures. */
class Demo {
  readonly #options: DemoOptions;
  readonly #settings: DevSettings | undefined;
  readonly #client: DynamoDBClient;
  readonly #cities: readonly City[];
  readonly #acknowledgements = new Acknowledgements();
  #killedNode: string | undefined;

  /** Without the settings of a cluster of ours nothing is killed. */
  constructor(options: DemoOptions, settings: DevSettings | undefined) {
    this.#options = options;
    this.#settings = settings;
    this.#client = connect(options, settings);
    this.#cities = readCities(options.cities);
  }

  /** Resolves to whether all went well. */
  async run(): Promise<boolean> {
    await createTables(this.#client);
    const startedAtMs = performance.now();
    const load = await this.#load();
    const loadMs = performance.now() - startedAtMs;
    const verification = await this.#verify();
    const answers = await askQuestions(this.#client, this.#cities);
    for (const line of answers.lines) console.log(line);
    const figures = this.#figures(load, loadMs, verification, answers);
    const { items, lost, unexpected, wrongAnswers } = figures;
    this.#client.destroy();
    console.log(JSON.stringify(figures));
    return items > 0 && items === this.#acknowledgements.count && lost === 0 && unexpected === 0 && wrongAnswers === 0;
  }

  async #load(): Promise<LoadResult> {
    const writes = shuffledWrites(this.#cities);
    const bar = new ProgressBar(`loading ${this.#cities.length} cities`, writes.length);
    const disruption = this.#settings === undefined ? undefined : this.#disruption(this.#settings, (line) => bar.note(line));
    const loader = new CityLoader(this.#client, this.#acknowledgements, {
      concurrency: this.#options.concurrency,
      progress: () => {
        bar.update(this.#acknowledgements.count);
        disruption?.progress(this.#acknowledgements.count / writes.length);
      },
    });
    const result = await loader.load(writes);
    bar.end(this.#acknowledgements.count);
    this.#killedNode = await disruption?.finish();
    return result;
  }

  #disruption(settings: DevSettings, note: (line: string) => void): Disruption {
    return new Disruption({
      directory: settings.directory,
      cluster: localCluster(settings.directory, note),
      call: createAdminCall(settings.clusterId),
      client: this.#client,
      digest: nodeDigest,
      acknowledgements: this.#acknowledgements,
      note,
    });
  }

  async #verify(): Promise<Verification> {
    const bar = new ProgressBar('comparing each item', this.#acknowledgements.count);
    const byId = new Map(this.#cities.map((city) => [city.id, city]));
    const verification = await verify(this.#client, byId, this.#acknowledgements, (items) => bar.update(items));
    bar.end(verification.items);
    return verification;
  }

  #figures(load: LoadResult, loadMs: number, verification: Verification, answers: Answers) {
    const perSecond = (count: number, elapsedMs: number): number => Math.round((count * 1000) / elapsedMs);
    return {
      cities: this.#cities.length,
      items: verification.items,
      acknowledged: this.#acknowledgements.count,
      lost: verification.lost,
      unexpected: verification.unexpected,
      wrongAnswers: answers.wrong,
      killedNode: this.#killedNode ?? null,
      longestGapMs: this.#killedNode === undefined ? null : Math.round(this.#acknowledgements.longestGapMs),
      unprocessedItems: load.unprocessed,
      failedRequests: load.failedRequests,
      loadSeconds: Math.round(loadMs / 100) / 10,
      itemsLoadedPerSecond: perSecond(this.#acknowledgements.count, loadMs),
      itemsScannedPerSecond: perSecond(verification.items, verification.elapsedMs),
      queriesPerSecond: perSecond(answers.queries, answers.elapsedMs),
    };
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    console.log(HELP);
    return;
  }
  const demo = new Demo(options, await settingsOf(options));
  if (!(await demo.run())) process.exitCode = 1;
}

await main();
