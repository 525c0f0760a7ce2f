import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Songs';
const MISSING = 'the AWS CLI is missing: there is no `aws` on the PATH. Install it (Debian: apt-get install awscli) and run this again.';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Json = Readonly<Record<string, unknown>>;

function awsProgram(): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const program = join(folder, 'aws');
    try {
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // Not in this one.
    }
  }
  throw new Error(MISSING);
}

describe('AWS CLI', { timeout: TIMEOUT_MS }, () => {
  let program: string;
  let folder: string;
  let arn: unknown;
  let cluster: ConformanceCluster;

  before(async () => {
    program = awsProgram();
    folder = mkdtempSync(join(tmpdir(), 'stator-aws-cli-'));
    // Version 1 takes bytes in JSON as they are, version 2 does as this says.
    writeFileSync(join(folder, 'config'), '[default]\ncli_binary_format = raw-in-base64-out\n');
    cluster = await ConformanceCluster.shared();
    const keys = 'AttributeName=artist,KeyType=HASH AttributeName=title,KeyType=RANGE';
    const types = 'AttributeName=artist,AttributeType=S AttributeName=title,AttributeType=S';
    const created = await dynamodb(
      `create-table --table-name ${TABLE} --billing-mode PAY_PER_REQUEST --attribute-definitions ${types} --key-schema ${keys}`,
    );
    const description = created['TableDescription'] as Json;
    assert.equal(description['TableStatus'], 'CREATING');
    arn = description['TableArn'];
    // The command's own waiter looks only every twenty seconds.
    await cluster.untilActive(TABLE);
  });

  after(async () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  test('waits for a table and describes it', async () => {
    const [waited, described] = await Promise.all([
      run(['wait', 'table-exists', '--table-name', TABLE]),
      run(['describe-table', '--table-name', TABLE, '--query', 'Table.[TableStatus,KeySchema[1].AttributeName]', '--output', 'text']),
    ]);
    assert.deepEqual([waited.code, waited.stdout], [0, '']);
    assert.equal(described.stdout, 'ACTIVE\ttitle\n');
  });

  test('puts an item from a file and gets it back', async () => {
    const score = 'as it stands in the file';
    const item = {
      artist: { S: 'Clara' },
      title: { S: 'Trio' },
      opus: { N: '17' },
      score: { B: score },
      parts: { SS: ['cello', 'piano'] },
    };
    await dynamodb(`put-item --table-name ${TABLE} --item ${file('item.json', item)}`);
    const key = file('key.json', { artist: item.artist, title: item.title });
    const read = await dynamodb(`get-item --table-name ${TABLE} --consistent-read --key ${key}`);
    assert.deepEqual(read['Item'], { ...item, score: { B: Buffer.from(score).toString('base64') } });
  });

  test('updates an item, and ends with an error code when the condition fails', async () => {
    const key = file('update-key.json', { artist: { S: 'Clara' }, title: { S: 'Romances' } });
    const update = [
      ['--table-name', TABLE, '--key', key, '--update-expression', 'SET plays = if_not_exists(plays, :zero) + :one'],
      ['--condition-expression', 'attribute_not_exists(plays)', '--return-values', 'ALL_NEW'],
      ['--expression-attribute-values', '{":zero":{"N":"0"},":one":{"N":"1"}}'],
    ].flat();
    const first = await run(['update-item', ...update]);
    assert.deepEqual((JSON.parse(first.stdout) as Json)['Attributes'], {
      artist: { S: 'Clara' },
      title: { S: 'Romances' },
      plays: { N: '1' },
    });
    const second = await run(['update-item', ...update]);
    // An error that the server answered: 255 in version 1, 254 since.
    assert.ok(second.code === 254 || second.code === 255, `code ${second.code}`);
    assert.match(second.stderr, /An error occurred \(ConditionalCheckFailedException\).*The conditional request failed/);
  });

  test('writes batches and pages through queries and scans', async () => {
    const requests = Array.from({ length: 25 }, (_, at) => ({
      PutRequest: { Item: { artist: { S: 'Fanny' }, title: { S: `Song ${String(at).padStart(2, '0')}` } } },
    }));
    const written = await dynamodb(`batch-write-item --request-items ${file('batch.json', { [TABLE]: requests })}`);
    assert.deepEqual(written['UnprocessedItems'], {});
    const query = ['query', '--table-name', TABLE, '--consistent-read', '--key-condition-expression', 'artist = :a'];
    const values = ['--expression-attribute-values', '{":a":{"S":"Fanny"}}'];
    // It asks for as many pages of four as it needs, stops in the middle of one, and goes on from there.
    const [first, all] = await Promise.all([
      run([...query, ...values, '--page-size', '4', '--max-items', '10']),
      run(['scan', '--table-name', TABLE, '--page-size', '7', '--consistent-read', '--filter-expression', 'artist = :a', ...values]),
    ]);
    const page = JSON.parse(first.stdout) as { readonly Items: readonly unknown[]; readonly NextToken: string };
    assert.equal(page.Items.length, 10);
    const rest = await run([...query, ...values, '--page-size', '4', '--starting-token', page.NextToken]);
    const titles = [first, rest].flatMap(({ stdout }) => (JSON.parse(stdout) as { Items: { title: { S: string } }[] }).Items);
    assert.deepEqual(
      titles.map(({ title }) => title.S),
      Array.from({ length: 25 }, (_, at) => `Song ${String(at).padStart(2, '0')}`),
    );
    assert.equal((JSON.parse(all.stdout) as Json)['Count'], 25);
  });

  test('tags a table, changes it, and reads a batch', async () => {
    const keys = file('keys.json', {
      [TABLE]: { ConsistentRead: true, Keys: ['Song 00', 'Song 24'].map((title) => ({ artist: { S: 'Fanny' }, title: { S: title } })) },
    });
    const throughput = 'ReadCapacityUnits=4,WriteCapacityUnits=2';
    const [, , batch] = await Promise.all([
      dynamodb(`tag-resource --resource-arn ${arn} --tags Key=genre,Value=lied`),
      dynamodb(`update-table --table-name ${TABLE} --billing-mode PROVISIONED --provisioned-throughput ${throughput}`),
      dynamodb(`batch-get-item --request-items ${keys}`),
    ]);
    assert.equal((batch as { Responses: Record<string, unknown[]> }).Responses[TABLE]?.length, 2);
    await cluster.untilActive(TABLE);
    const [tags, changed] = await Promise.all([
      dynamodb(`list-tags-of-resource --resource-arn ${arn}`),
      run(['describe-table', '--table-name', TABLE, '--query', 'Table.ProvisionedThroughput.ReadCapacityUnits']),
    ]);
    assert.equal(changed.stdout.trim(), '4');
    assert.deepEqual(tags['Tags'], [{ Key: 'genre', Value: 'lied' }]);
  });

  test('deletes an item and the table, and waits until it is gone', async () => {
    const key = file('delete-key.json', { artist: { S: 'Clara' }, title: { S: 'Trio' } });
    const deleted = await dynamodb(`delete-item --table-name ${TABLE} --return-values ALL_OLD --key ${key}`);
    assert.deepEqual((deleted['Attributes'] as Json)['opus'], { N: '17' });
    await dynamodb(`delete-table --table-name ${TABLE}`);
    await cluster.untilGone(TABLE);
    const [waited, listed] = await Promise.all([run(['wait', 'table-not-exists', '--table-name', TABLE]), dynamodb('list-tables')]);
    assert.equal(waited.code, 0);
    assert.ok(!(listed['TableNames'] as readonly string[]).includes(TABLE));
  });

  /** A command of words without blanks that must succeed; its output as JSON. */
  async function dynamodb(command: string): Promise<Json> {
    const { code, stdout, stderr } = await run(command.split(' '));
    assert.equal(code, 0, `aws dynamodb ${command}: ${stderr}`);
    return stdout === '' ? {} : (JSON.parse(stdout) as Json);
  }

  async function run(words: readonly string[]): Promise<Outcome> {
    const environment = {
      ...process.env,
      ...cluster.environment,
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_PAGER: '',
      AWS_MAX_ATTEMPTS: '1',
    };
    // The CLI of Debian 12 is older than AWS_ENDPOINT_URL_DYNAMODB.
    const command = ['--endpoint-url', cluster.endpoint, '--output', 'json', 'dynamodb', ...words];
    try {
      const { stdout, stderr } = await promisify(execFile)(program, command, { env: environment, maxBuffer: 1 << 26 });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as Outcome;
      return { code, stdout, stderr };
    }
  }

  /** The content as the command takes it from a file. */
  function file(name: string, content: object): string {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return `file://${path}`;
  }
});
